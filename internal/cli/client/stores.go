package client

import (
	"bytes"
	"crypto"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"

	pkcs12 "software.sslmate.com/src/go-pkcs12"
)

// store is what a key store or a trust store holds.
type store struct {
	trusted []*x509.Certificate
	chain   []*x509.Certificate // of the key, leaf first
	key     crypto.PrivateKey   // nil where there is none
}

// storeBytesMax bounds the file of a store.
const storeBytesMax = 16 << 20

// trust is the pool of ssl.truststore.*; nil, the system's, where there is none.
func (r *reading) trust() (*x509.CertPool, error) {
	s, err := r.store("ssl.truststore", "ssl.truststore.certificates", "")
	if err != nil || s == nil {
		return nil, err
	}
	trusted := s.trusted
	if len(s.chain) > 0 { // as Java's trust manager does: the owner of a key is trusted
		trusted = append(trusted, s.chain[0])
	}
	if len(trusted) == 0 {
		return nil, errors.New("ssl.truststore: there is no certificate in it")
	}
	pool := x509.NewCertPool()
	for _, c := range trusted {
		pool.AddCert(c)
	}
	return pool, nil
}

// identity is the certificate of ssl.keystore.*; nil where there is none.
func (r *reading) identity() (*tls.Certificate, error) {
	s, err := r.store("ssl.keystore", "ssl.keystore.certificate.chain", "ssl.keystore.key")
	if err != nil || s == nil {
		return nil, err
	}
	if s.key == nil || len(s.chain) == 0 {
		return nil, errors.New("ssl.keystore: there is no private key with its certificates in it")
	}
	chain := &tls.Certificate{PrivateKey: s.key, Leaf: s.chain[0]}
	for _, c := range s.chain {
		chain.Certificate = append(chain.Certificate, c.Raw)
	}
	type comparable interface{ Equal(x crypto.PublicKey) bool }
	signer, ok := s.key.(crypto.Signer)
	if !ok {
		return nil, errors.New("ssl.keystore: the key is of a kind that cannot sign")
	}
	if public, ok := signer.Public().(comparable); !ok || !public.Equal(s.chain[0].PublicKey) {
		return nil, errors.New("ssl.keystore: the private key does not belong to the first certificate")
	}
	return chain, nil
}

// store reads the store whose properties begin with prefix: inline PEM, or a
// file of the type PEM, JKS or PKCS12 (the latter two in either's place, as
// Java reads them). nil where no property names one.
func (r *reading) store(prefix, certificates, key string) (*store, error) {
	kind := strings.ToUpper(r.text(prefix + ".type"))
	file := r.text(prefix + ".location")
	inline := r.Properties[certificates]
	if key != "" {
		inline += "\n" + r.Properties[key]
	}
	keyPassword := r.Properties["ssl.key.password"]
	if strings.TrimSpace(inline) != "" {
		if kind != "PEM" {
			return nil, fmt.Errorf("%s: certificates in the properties themselves want %s.type=PEM", certificates, prefix)
		}
		if file != "" {
			return nil, fmt.Errorf("%s.location: Both %s and %s.location cannot be specified", prefix, certificates, prefix)
		}
		return pemStore(prefix, []byte(inline), keyPassword)
	}
	if file == "" {
		return nil, nil
	}
	data, err := readBounded(file)
	if err != nil {
		return nil, fmt.Errorf("%s.location: %w", prefix, err)
	}
	password := r.Properties[prefix+".password"]
	switch {
	case key == "":
		keyPassword = "" // nobody needs the keys of a trust store
	case keyPassword == "":
		keyPassword = password
	}
	switch kind {
	case "PEM":
		if password != "" {
			return nil, fmt.Errorf("%s.password: a PEM store has no password; that of its key is ssl.key.password", prefix)
		}
		return pemStore(file, data, r.Properties["ssl.key.password"])
	case "", "JKS", "PKCS12":
		return binaryStore(prefix, file, data, password, keyPassword)
	}
	return nil, fmt.Errorf("%s.type=%s: the commands read JKS, PKCS12 and PEM", prefix, kind)
}

func readBounded(file string) ([]byte, error) {
	info, err := os.Stat(file)
	if err != nil {
		return nil, err
	}
	if info.Size() > storeBytesMax {
		return nil, fmt.Errorf("%s: %d bytes are too many for a store", file, info.Size())
	}
	return os.ReadFile(file)
}

// binaryStore tells JKS from PKCS12 by the first bytes.
func binaryStore(prefix, file string, data []byte, password, keyPassword string) (*store, error) {
	switch {
	case bytes.HasPrefix(data, []byte{0xfe, 0xed, 0xfe, 0xed}):
		s, err := jksStore(data, password, keyPassword)
		if err != nil {
			return nil, fmt.Errorf("%s.location: %s: %w", prefix, file, err)
		}
		return s, nil
	case bytes.HasPrefix(data, []byte{0xce, 0xce, 0xce, 0xce}):
		return nil, fmt.Errorf("%s.location: %s is a JCEKS store; turn it into PKCS12 with keytool -importkeystore -deststoretype PKCS12", prefix, file)
	case bytes.Contains(data, []byte("-----BEGIN ")):
		return nil, fmt.Errorf("%s.location: %s is PEM: set %s.type=PEM", prefix, file, prefix)
	case len(data) == 0 || data[0] != 0x30:
		return nil, fmt.Errorf("%s.location: %s is no store of the type JKS, PKCS12 or PEM", prefix, file)
	}
	s, err := pkcs12Store(data, password)
	if err != nil {
		return nil, fmt.Errorf("%s.location: %s: %w", prefix, file, err)
	}
	return s, nil
}

func pkcs12Store(data []byte, password string) (*store, error) {
	trusted, err := pkcs12.DecodeTrustStore(data, password)
	if err == nil {
		return &store{trusted: trusted}, nil
	}
	if errors.Is(err, pkcs12.ErrIncorrectPassword) {
		return nil, errors.New("the password of the store is missing or wrong")
	}
	key, leaf, above, err := pkcs12.DecodeChain(data, password)
	if err != nil {
		return nil, err
	}
	return &store{key: key, chain: append([]*x509.Certificate{leaf}, inOrder(leaf, above)...), trusted: above}, nil
}

// inOrder sorts the certificates above leaf so that each issued the one before
// it; what issued none of them is left out.
func inOrder(leaf *x509.Certificate, above []*x509.Certificate) []*x509.Certificate {
	var list []*x509.Certificate
	for at := leaf; !bytes.Equal(at.RawIssuer, at.RawSubject) && len(list) < len(above); {
		i := slices.IndexFunc(above, func(c *x509.Certificate) bool { return bytes.Equal(c.RawSubject, at.RawIssuer) })
		if i < 0 {
			break
		}
		at = above[i]
		list = append(list, at)
	}
	return list
}

// pemStore reads certificates and at most one private key. The chain of a key
// are all certificates, in their order.
func pemStore(name string, data []byte, password string) (*store, error) {
	s := new(store)
	for {
		var block *pem.Block
		if block, data = pem.Decode(data); block == nil {
			break
		}
		switch {
		case block.Type == "CERTIFICATE":
			c, err := x509.ParseCertificate(block.Bytes)
			if err != nil {
				return nil, fmt.Errorf("%s: %w", name, err)
			}
			s.trusted = append(s.trusted, c)
		case strings.HasSuffix(block.Type, "PRIVATE KEY"):
			key, err := privateKey(block, password)
			if err != nil {
				return nil, fmt.Errorf("%s: %w", name, err)
			}
			s.key = key
		}
	}
	if len(s.trusted) == 0 {
		return nil, fmt.Errorf("%s: there is no PEM certificate in it", name)
	}
	if s.key != nil {
		s.chain = s.trusted
	}
	return s, nil
}

// privateKey reads a key in PKCS #8, encrypted or not, PKCS #1 or SEC 1.
func privateKey(block *pem.Block, password string) (crypto.PrivateKey, error) {
	switch block.Type {
	case "ENCRYPTED PRIVATE KEY":
		if password == "" {
			return nil, errors.New("the private key is encrypted: set ssl.key.password")
		}
		plain, err := decryptPKCS8(block.Bytes, []byte(password))
		if err != nil {
			return nil, fmt.Errorf("the private key: %w", err)
		}
		return x509.ParsePKCS8PrivateKey(plain)
	case "PRIVATE KEY":
		return x509.ParsePKCS8PrivateKey(block.Bytes)
	}
	if block.Headers["DEK-Info"] != "" {
		return nil, errors.New("the private key is encrypted in an old way; turn it into PKCS #8: openssl pkcs8 -topk8 -in old.pem -out new.pem")
	}
	if block.Type == "EC PRIVATE KEY" {
		return x509.ParseECPrivateKey(block.Bytes)
	}
	return x509.ParsePKCS1PrivateKey(block.Bytes)
}
