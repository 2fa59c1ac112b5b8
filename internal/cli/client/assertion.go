package client

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"maps"
	"strings"
	"time"
)

// assertion reads sasl.oauthbearer.assertion.*: a JWT that a file holds, or
// one that is made and signed each time.
func (r *reading) assertion() func() (string, error) {
	const prefix = "sasl.oauthbearer.assertion."
	if file := r.text(prefix + "file"); file != "" {
		r.fail(fileExists(prefix+"file", file))
		return func() (string, error) { return tokenOfFile(file) }
	}
	key, err := r.assertionKey()
	r.fail(err)
	a := assertionMaker{
		key:       key,
		algorithm: r.choice(prefix+"algorithm", "RS256", "RS256", "ES256"),
		life:      time.Duration(r.int(prefix+"claim.exp.seconds", 300, 0)) * time.Second,
		before:    time.Duration(r.int(prefix+"claim.nbf.seconds", 60, 0)) * time.Second,
		named:     r.bool(prefix+"claim.jti.include", false),
		header:    make(map[string]any),
		claims:    make(map[string]any),
	}
	r.fail(a.check())
	if file := r.text(prefix + "template.file"); file != "" {
		r.fail(a.template(file))
	}
	for _, claim := range []string{"aud", "iss", "sub"} {
		if v := r.text(prefix + "claim." + claim); v != "" {
			a.claims[claim] = v
		}
	}
	return func() (string, error) { return a.make(time.Now()) }
}

func (r *reading) assertionKey() (crypto.PrivateKey, error) {
	const property = "sasl.oauthbearer.assertion.private.key.file"
	file := r.text(property)
	if file == "" {
		return nil, fmt.Errorf("%s is not set: the key that signs the assertion", property)
	}
	data, err := readBounded(file)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", property, err)
	}
	block, _ := pem.Decode(data)
	if block == nil {
		return nil, fmt.Errorf("%s: %s is no PEM", property, file)
	}
	key, err := privateKey(block, r.Properties["sasl.oauthbearer.assertion.private.key.passphrase"])
	if err != nil {
		return nil, fmt.Errorf("%s: %s: %s", property, file, strings.ReplaceAll(err.Error(), "ssl.key.password", "sasl.oauthbearer.assertion.private.key.passphrase"))
	}
	return key, nil
}

// assertionMaker makes signed JWTs.
type assertionMaker struct {
	key            crypto.PrivateKey
	algorithm      string // RS256 or ES256
	life, before   time.Duration
	named          bool // with a jti
	header, claims map[string]any
}

// check says whether the key is of the algorithm's kind.
func (a *assertionMaker) check() error {
	switch key := a.key.(type) {
	case nil:
		return nil // said already
	case *rsa.PrivateKey:
		if a.algorithm == "RS256" {
			return nil
		}
	case *ecdsa.PrivateKey:
		if a.algorithm == "ES256" && key.Params().BitSize == 256 {
			return nil
		}
	}
	return fmt.Errorf("sasl.oauthbearer.assertion.algorithm=%s: the private key is of another kind", a.algorithm)
}

// template reads further members of the header and the payload from a file:
// {"header": {...}, "payload": {...}}.
func (a *assertionMaker) template(file string) error {
	const property = "sasl.oauthbearer.assertion.template.file"
	data, err := readBounded(file)
	if err != nil {
		return fmt.Errorf("%s: %w", property, err)
	}
	var t struct{ Header, Payload map[string]any }
	if err := json.Unmarshal(data, &t); err != nil {
		return fmt.Errorf("%s: %s: %w", property, file, err)
	}
	maps.Copy(a.header, t.Header)
	maps.Copy(a.claims, t.Payload)
	return nil
}

func (a *assertionMaker) make(now time.Time) (string, error) {
	header := map[string]any{"typ": "JWT"}
	maps.Copy(header, a.header)
	header["alg"] = a.algorithm
	claims := map[string]any{}
	maps.Copy(claims, a.claims)
	claims["iat"] = now.Unix()
	claims["exp"] = now.Add(a.life).Unix()
	claims["nbf"] = now.Add(-a.before).Unix()
	if a.named {
		claims["jti"] = rand.Text()
	}
	first, err := json.Marshal(header)
	if err != nil {
		return "", err
	}
	second, err := json.Marshal(claims)
	if err != nil {
		return "", err
	}
	code := base64.RawURLEncoding.EncodeToString
	content := code(first) + "." + code(second)
	signature, err := a.sign(sha256.Sum256([]byte(content)))
	return content + "." + code(signature), err
}

func (a *assertionMaker) sign(digest [32]byte) ([]byte, error) {
	switch key := a.key.(type) {
	case *rsa.PrivateKey:
		return rsa.SignPKCS1v15(rand.Reader, key, crypto.SHA256, digest[:])
	case *ecdsa.PrivateKey:
		r, s, err := ecdsa.Sign(rand.Reader, key, digest[:])
		if err != nil {
			return nil, err
		}
		out := make([]byte, 64) // r and s, 32 bytes each (RFC 7518, section 3.4)
		r.FillBytes(out[:32])
		s.FillBytes(out[32:])
		return out, nil
	}
	return nil, errors.New("the key cannot sign")
}
