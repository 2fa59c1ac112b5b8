package client

import (
	"bytes"
	"crypto/sha1"
	"crypto/subtle"
	"crypto/x509"
	"encoding/asn1"
	"encoding/binary"
	"errors"
	"fmt"
	"unicode/utf16"
)

// A JKS store, all numbers big-endian (sun.security.provider.JavaKeyStore):
//
//	+----------+-----------+---------+------------+----------------+
//	| feedfeed | version 4 | count 4 | entries .. | SHA-1 digest 20|
//	+----------+-----------+---------+------------+----------------+
//	entry: tag 4, alias (length 2, bytes), time 8, then
//	  tag 1, a key:         length 4, EncryptedPrivateKeyInfo, count 4, certificates
//	  tag 2, a certificate: one certificate
//	certificate: its kind (length 2, bytes; "X.509"; from version 2 on), length 4, DER
//
// The digest is over the password in UTF-16, "Mighty Aphrodite" and all bytes
// before it.

// jksWhitener stands between the password and the store in the digest.
const jksWhitener = "Mighty Aphrodite"

// jksStore reads a JKS store. Without a password the digest is not checked, as
// Java does with a trust store.
func jksStore(data []byte, password, keyPassword string) (*store, error) {
	if len(data) < 12+sha1.Size {
		return nil, errors.New("the store is cut short")
	}
	body := data[:len(data)-sha1.Size]
	if password != "" {
		digest := sha1.New()
		digest.Write(utf16Bytes(password))
		digest.Write([]byte(jksWhitener))
		digest.Write(body)
		if subtle.ConstantTimeCompare(digest.Sum(nil), data[len(body):]) != 1 {
			return nil, errors.New("the password is wrong, or the store was tampered with")
		}
	}
	r := jksReader{left: body[4:]}
	version := r.uint32()
	if version != 1 && version != 2 {
		return nil, fmt.Errorf("JKS version %d is unknown", version)
	}
	s := new(store)
	for n := r.uint32(); n > 0 && !r.short; n-- {
		if err := r.entry(s, version, keyPassword); err != nil {
			return nil, err
		}
	}
	if r.short {
		return nil, errors.New("the store is cut short")
	}
	return s, nil
}

// jksReader reads numbers and bytes; short says that there were too few.
type jksReader struct {
	left  []byte
	short bool
}

func (r *jksReader) bytes(n uint32) []byte {
	if r.short || uint64(n) > uint64(len(r.left)) {
		r.short = true
		return nil
	}
	out := r.left[:n]
	r.left = r.left[n:]
	return out
}

func (r *jksReader) uint32() uint32 {
	b := r.bytes(4)
	if b == nil {
		return 0
	}
	return binary.BigEndian.Uint32(b)
}

func (r *jksReader) text() string {
	b := r.bytes(2)
	if b == nil {
		return ""
	}
	return string(r.bytes(uint32(binary.BigEndian.Uint16(b))))
}

func (r *jksReader) certificate(version uint32) (*x509.Certificate, error) {
	kind := "X.509"
	if version > 1 {
		kind = r.text()
	}
	der := r.bytes(r.uint32())
	if r.short {
		return nil, errors.New("the store is cut short")
	}
	if kind != "X.509" && kind != "X509" {
		return nil, fmt.Errorf("a certificate of the kind %q", kind)
	}
	return x509.ParseCertificate(der)
}

func (r *jksReader) entry(s *store, version uint32, keyPassword string) error {
	tag, alias := r.uint32(), r.text()
	r.bytes(8) // when it was made
	switch {
	case r.short:
		return nil
	case tag == 2:
		c, err := r.certificate(version)
		if err != nil {
			return fmt.Errorf("entry %s: %w", alias, err)
		}
		s.trusted = append(s.trusted, c)
		return nil
	case tag != 1:
		return fmt.Errorf("entry %s is of the unknown kind %d", alias, tag)
	}
	sealed := r.bytes(r.uint32())
	var chain []*x509.Certificate
	for n := r.uint32(); n > 0 && !r.short; n-- {
		c, err := r.certificate(version)
		if err != nil {
			return fmt.Errorf("entry %s: %w", alias, err)
		}
		chain = append(chain, c)
	}
	if s.chain != nil || r.short {
		return nil // the first key is the one
	}
	s.chain = chain
	if keyPassword == "" {
		return nil // a trust store's is not opened
	}
	plain, err := openJKSKey(sealed, keyPassword)
	if err != nil {
		return fmt.Errorf("entry %s: %w", alias, err)
	}
	key, err := x509.ParsePKCS8PrivateKey(plain)
	if err != nil {
		return fmt.Errorf("entry %s: %w", alias, err)
	}
	s.key = key
	return nil
}

// openJKSKey decrypts what sun.security.provider.KeyProtector has sealed: a
// salt, the key xored with a chain of SHA-1 digests, and a digest of the key.
func openJKSKey(der []byte, password string) ([]byte, error) {
	var sealed encryptedKey
	if _, err := asn1.Unmarshal(der, &sealed); err != nil {
		return nil, fmt.Errorf("the private key: %w", err)
	}
	if got := sealed.Algorithm.Algorithm.String(); got != "1.3.6.1.4.1.42.2.17.1.1" {
		return nil, fmt.Errorf("the private key is sealed with %s, which the commands do not know", got)
	}
	if len(sealed.Data) < 2*sha1.Size {
		return nil, errors.New("the private key is cut short")
	}
	secret := utf16Bytes(password)
	digest := sealed.Data[:sha1.Size]
	body := sealed.Data[sha1.Size : len(sealed.Data)-sha1.Size]
	plain := make([]byte, 0, len(body))
	for len(plain) < len(body) {
		sum := sha1.Sum(append(append([]byte(nil), secret...), digest...))
		digest = sum[:]
		for _, b := range digest[:min(sha1.Size, len(body)-len(plain))] {
			plain = append(plain, b^body[len(plain)])
		}
	}
	check := sha1.Sum(append(append([]byte(nil), secret...), plain...))
	if !bytes.Equal(check[:], sealed.Data[len(sealed.Data)-sha1.Size:]) {
		return nil, errors.New("ssl.key.password (or the store's) does not open the private key")
	}
	return plain, nil
}

func utf16Bytes(text string) []byte {
	var out []byte
	for _, u := range utf16.Encode([]rune(text)) {
		out = binary.BigEndian.AppendUint16(out, u)
	}
	return out
}
