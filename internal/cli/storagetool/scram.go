package storagetool

import (
	"crypto/hmac"
	"crypto/pbkdf2"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base64"
	"fmt"
	"hash"
	"io"
	"maps"
	"math/big"
	"slices"
	"strings"

	"github.com/gregor-stream/gregor/internal/msg"
)

// mechanism is a SCRAM mechanism, as Kafka numbers it.
type mechanism struct {
	id   int8
	java string // as Kafka prints it in a message
	hash func() hash.Hash
}

const (
	iterationsMin     = 4096
	iterationsMax     = 16384
	saltBits          = 130
	saltBase          = 36
	clientKeyText     = "Client Key"
	serverKeyText     = "Server Key"
	scramArgumentsMax = 10_000
)

func findMechanism(name string) (mechanism, bool) {
	switch name {
	case "SCRAM-SHA-256":
		return mechanism{1, "SCRAM_SHA_256", sha256.New}, true
	case "SCRAM-SHA-512":
		return mechanism{2, "SCRAM_SHA_512", sha512.New}, true
	}
	return mechanism{}, false
}

// scramRecords makes the records of --add-scram.
func (c *call) scramRecords(arguments []string) ([]*msg.UserScramCredentialRecord, error) {
	if len(arguments) > scramArgumentsMax {
		return nil, fmt.Errorf("%d SCRAM credentials are too many, at most %d", len(arguments), scramArgumentsMax)
	}
	var records []*msg.UserScramCredentialRecord
	for _, argument := range arguments {
		r, err := scramRecord(strings.TrimSpace(argument), c.rand)
		if err != nil {
			return nil, err
		}
		records = append(records, r)
	}
	return records, nil
}

func scramRecord(argument string, rand io.Reader) (*msg.UserScramCredentialRecord, error) {
	name, text, ok := strings.Cut(argument, "=")
	if !ok {
		return nil, terse("Failed to find equals sign in SCRAM argument '" + argument + "'")
	}
	m, ok := findMechanism(name)
	switch {
	case !ok:
		return nil, terse("The add-scram mechanism " + name + " is not supported.")
	case !strings.HasPrefix(text, "["):
		return nil, terse("Expected configuration string to start with [")
	case !strings.HasSuffix(text, "]"):
		return nil, terse("Expected configuration string to end with ]")
	case len(text) < 2:
		return nil, fmt.Errorf("--add-scram %s: [ and ] are needed", argument)
	}
	s, err := parseScram(text[1 : len(text)-1])
	if err != nil {
		return nil, err
	}
	return s.record(m, rand)
}

// scram is what an argument of --add-scram says.
type scram struct {
	name, password string
	hasPassword    bool
	salt, salted   []byte
	iterations     int32
}

func parseScram(text string) (*scram, error) {
	components := map[string]string{}
	parts := strings.Split(text, ",")
	for len(parts) > 1 && parts[len(parts)-1] == "" {
		parts = parts[:len(parts)-1]
	}
	for _, part := range parts {
		key, value, ok := strings.Cut(part, "=")
		if !ok {
			return nil, terse("No equals sign found in SCRAM component: " + part)
		}
		if len(value) >= 2 && strings.HasPrefix(value, `"`) && strings.HasSuffix(value, `"`) {
			value = value[1 : len(value)-1]
		}
		components[key] = value
	}
	take := func(key string) (string, bool) {
		value, ok := components[key]
		delete(components, key)
		return value, ok
	}
	s := &scram{iterations: iterationsMin}
	var ok bool
	var err error
	if s.name, ok = take("name"); !ok {
		return nil, terse("You must supply 'name' to add-scram")
	}
	saltText, hasSalt := take("salt")
	if hasSalt {
		if s.salt, err = decodeBase64(saltText); err != nil {
			return nil, terse("Failed to decode given salt: " + saltText)
		}
	}
	if text, has := take("iterations"); has {
		if s.iterations, ok = parseInt(text); !ok {
			return nil, terse("Failed to parse iterations count: " + text)
		}
	}
	s.password, s.hasPassword = take("password")
	saltedText, hasSalted := take("saltedpassword")
	switch {
	case s.hasPassword:
	case !hasSalted:
		return nil, terse("You must supply one of 'password' or 'saltedpassword' to add-scram")
	case !hasSalt:
		return nil, terse("You must supply 'salt' with 'saltedpassword' to add-scram")
	default:
		if s.salted, err = decodeBase64(saltedText); err != nil {
			return nil, terse("Failed to decode given saltedPassword: " + saltedText)
		}
	}
	if len(components) > 0 {
		return nil, terse("Unknown SCRAM configurations: " + strings.Join(slices.Sorted(maps.Keys(components)), ", "))
	}
	return s, nil
}

// decodeBase64 reads base64 with or without its padding, as Java does.
func decodeBase64(text string) ([]byte, error) {
	if b, err := base64.StdEncoding.DecodeString(text); err == nil {
		return b, nil
	}
	return base64.RawStdEncoding.DecodeString(text) //nolint:wrapcheck // the caller says Kafka's sentence
}

// record computes the keys (RFC 5802), as Kafka's ScramFormatter does.
func (s *scram) record(m mechanism, rand io.Reader) (*msg.UserScramCredentialRecord, error) {
	if s.salt == nil {
		var err error
		if s.salt, err = randomSalt(rand); err != nil {
			return nil, err
		}
	}
	switch {
	case s.iterations < iterationsMin:
		return nil, terse(fmt.Sprintf("The 'iterations' value must be >= %d for add-scram using %s", iterationsMin, m.java))
	case s.iterations > iterationsMax:
		return nil, terse(fmt.Sprintf("The 'iterations' value must be <= %d for add-scram using %s", iterationsMax, m.java))
	case s.hasPassword && s.password == "", !s.hasPassword && len(s.salted) == 0:
		return nil, fmt.Errorf("--add-scram: the password of %s is empty", s.name)
	}
	if s.hasPassword {
		var err error
		if s.salted, err = pbkdf2.Key(m.hash, s.password, s.salt, int(s.iterations), m.hash().Size()); err != nil {
			return nil, fmt.Errorf("--add-scram: the password of %s: %w", s.name, err)
		}
	}
	keyOf := func(text string) []byte {
		h := hmac.New(m.hash, s.salted)
		h.Write([]byte(text))
		return h.Sum(nil)
	}
	stored := m.hash()
	stored.Write(keyOf(clientKeyText))
	return &msg.UserScramCredentialRecord{
		Name: s.name, Mechanism: m.id, Salt: s.salt, StoredKey: stored.Sum(nil), ServerKey: keyOf(serverKeyText), Iterations: s.iterations,
	}, nil
}

// randomSalt is a random number as text, as Kafka's salts are.
func randomSalt(rand io.Reader) ([]byte, error) {
	b := make([]byte, (saltBits+7)/8)
	if _, err := io.ReadFull(rand, b); err != nil {
		return nil, fmt.Errorf("make a salt: %w", err)
	}
	b[0] &= 1<<(saltBits%8) - 1
	return []byte(new(big.Int).SetBytes(b).Text(saltBase)), nil
}
