package client

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/des"
	"crypto/pbkdf2"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/sha512"
	"crypto/x509/pkix"
	"encoding/asn1"
	"errors"
	"fmt"
	"hash"
)

// encryptedKey is EncryptedPrivateKeyInfo of RFC 5958.
type encryptedKey struct {
	Algorithm pkix.AlgorithmIdentifier
	Data      []byte
}

// The parameters of PBES2 (RFC 8018, appendix A).
type (
	pbes2 struct {
		KDF    pkix.AlgorithmIdentifier
		Cipher pkix.AlgorithmIdentifier
	}
	pbkdf2Params struct {
		Salt       []byte
		Iterations int
		KeyLength  int                      `asn1:"optional"`
		PRF        pkix.AlgorithmIdentifier `asn1:"optional"`
	}
)

// iterationsMax bounds the work that a file may ask for.
const iterationsMax = 20_000_000

// decryptPKCS8 decrypts a private key that PBES2 with PBKDF2 protects, as
// openssl pkcs8 -topk8 and Java write it, into PKCS #8 itself.
func decryptPKCS8(der, password []byte) ([]byte, error) {
	var sealed encryptedKey
	if rest, err := asn1.Unmarshal(der, &sealed); err != nil || len(rest) > 0 {
		return nil, errors.New("it is no encrypted key of PKCS #8")
	}
	if got := sealed.Algorithm.Algorithm.String(); got != "1.2.840.113549.1.5.13" {
		return nil, fmt.Errorf("it is encrypted with %s; the commands read PBES2: openssl pkcs8 -topk8 -v2 aes-256-cbc", got)
	}
	var params pbes2
	if _, err := asn1.Unmarshal(sealed.Algorithm.Parameters.FullBytes, &params); err != nil {
		return nil, fmt.Errorf("its parameters: %w", err)
	}
	block, iv, err := params.open(password)
	if err != nil {
		return nil, err
	}
	size := block.BlockSize()
	if len(iv) != size || len(sealed.Data) == 0 || len(sealed.Data)%size != 0 {
		return nil, errors.New("it is cut short")
	}
	plain := make([]byte, len(sealed.Data))
	cipher.NewCBCDecrypter(block, iv).CryptBlocks(plain, sealed.Data)
	pad := int(plain[len(plain)-1])
	if pad < 1 || pad > size {
		return nil, errors.New("ssl.key.password is wrong")
	}
	for _, b := range plain[len(plain)-pad:] {
		if int(b) != pad {
			return nil, errors.New("ssl.key.password is wrong")
		}
	}
	return plain[:len(plain)-pad], nil
}

// open derives the key, and gives the cipher and the initialization vector.
func (p *pbes2) open(password []byte) (cipher.Block, []byte, error) {
	if got := p.KDF.Algorithm.String(); got != "1.2.840.113549.1.5.12" {
		return nil, nil, fmt.Errorf("its key is derived with %s; the commands know PBKDF2: openssl pkcs8 -topk8 -v2 aes-256-cbc", got)
	}
	var kdf pbkdf2Params
	if _, err := asn1.Unmarshal(p.KDF.Parameters.FullBytes, &kdf); err != nil {
		return nil, nil, fmt.Errorf("its parameters: %w", err)
	}
	if kdf.Iterations < 1 || kdf.Iterations > iterationsMax {
		return nil, nil, fmt.Errorf("%d iterations are not from 1 to %d", kdf.Iterations, iterationsMax)
	}
	prf, err := pseudoRandom(kdf.PRF.Algorithm)
	if err != nil {
		return nil, nil, err
	}
	var length int // of the key, in bytes
	open := aes.NewCipher
	switch got := p.Cipher.Algorithm.String(); got {
	case "2.16.840.1.101.3.4.1.2":
		length = 16
	case "2.16.840.1.101.3.4.1.22":
		length = 24
	case "2.16.840.1.101.3.4.1.42":
		length = 32
	case "1.2.840.113549.3.7":
		length, open = 24, des.NewTripleDESCipher
	default:
		return nil, nil, fmt.Errorf("its cipher is %s; the commands know AES and triple DES in CBC mode", got)
	}
	var iv []byte
	if _, err := asn1.Unmarshal(p.Cipher.Parameters.FullBytes, &iv); err != nil {
		return nil, nil, fmt.Errorf("its parameters: %w", err)
	}
	key, err := pbkdf2.Key(prf, string(password), kdf.Salt, kdf.Iterations, length)
	if err != nil {
		return nil, nil, err
	}
	block, err := open(key)
	return block, iv, err
}

func pseudoRandom(id asn1.ObjectIdentifier) (func() hash.Hash, error) {
	switch id.String() {
	case "", "1.2.840.113549.2.7":
		return sha1.New, nil
	case "1.2.840.113549.2.8":
		return sha256.New224, nil
	case "1.2.840.113549.2.9":
		return sha256.New, nil
	case "1.2.840.113549.2.10":
		return sha512.New384, nil
	case "1.2.840.113549.2.11":
		return sha512.New, nil
	}
	return nil, fmt.Errorf("its key is derived with the hash %s, which the commands do not know", id)
}
