package client

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"maps"
	"math/big"
	"os"
	"strings"
	"testing"
	"time"
)

func TestJAASLinesAreRead(t *testing.T) {
	for line, want := range map[string]map[string]string{
		`a.B required username="alice" password='it"s';`: {"username": "alice", "password": `it"s`},
		"a.B required\n  x = \"password=no\" y=plain ;":  {"x": "password=no", "y": "plain"},
		`a.B REQUIRED p="a\"b\\c\n";`:                    {"p": "a\"b\\c\n"},
		`a.B required;`:                                  {},
		`a.B required username="alice"`:                  nil,
		`a.B required username="alice;`:                  nil,
		`a.B maybe x="y";`:                               nil,
		`a.B required username "alice";`:                 nil,
		`a.B required x="y"; c.D required x="z";`:        nil,
		`required;`:                                          nil,
		`org.apache.kafka.Login required =;`:                 nil,
		`org.apache.kafka.Login required username=;`:         nil,
		`org.apache.kafka.Login required username=alice x=;`: nil,
	} {
		got, err := parseJAAS(line)
		if (err == nil) != (want != nil) || err == nil && (!maps.Equal(got.options, want) || got.module == "") {
			t.Errorf("%s: %v, %v; want %v", line, got, err, want)
		}
	}
}

func blockOf(t *testing.T, file string) *pem.Block {
	t.Helper()
	data, err := os.ReadFile("testdata/" + file)
	if err != nil {
		t.Fatal(err)
	}
	block, _ := pem.Decode(data)
	return block
}

func TestEncryptedKeysOfOpenSSLAreOpened(t *testing.T) {
	want, err := privateKey(blockOf(t, "key-sec1.pem"), "")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range []string{"key-aes-256-cbc.pem", "key-aes-128-cbc.pem", "key-des3.pem"} {
		got, err := privateKey(blockOf(t, file), "pässword")
		if err != nil || !want.(*ecdsa.PrivateKey).Equal(got) {
			t.Errorf("%s: %v", file, err)
		}
		for password, say := range map[string]string{"": "set ssl.key.password", "wrong": "ssl.key.password is wrong"} {
			if _, err := privateKey(blockOf(t, file), password); err == nil || !strings.Contains(err.Error(), say) && !strings.Contains(err.Error(), "asn1") {
				t.Errorf("%s with %q: %v", file, password, err)
			}
		}
	}
	if _, err := privateKey(blockOf(t, "key-scrypt.pem"), "x"); err == nil || !strings.Contains(err.Error(), "the commands know PBKDF2") {
		t.Errorf("scrypt: %v", err)
	}
}

func TestStoresOfKeytoolAreRead(t *testing.T) {
	r := &reading{Properties: Properties{"ssl.truststore.location": "testdata/store.jks"}}
	pool, err := r.trust()
	if err != nil || pool == nil {
		t.Fatalf("without a password: %v", err)
	}
	for password, want := range map[string]bool{"storepass": true, "wrong": false} {
		r.Properties["ssl.truststore.password"] = password
		if _, err := r.trust(); (err == nil) != want {
			t.Errorf("password %s: %v", password, err)
		}
	}
	for _, one := range []struct {
		file, password, key string
		want                string
	}{
		{"store.jks", "storepass", "keypass1", ""},
		{"store.jks", "storepass", "", "does not open the private key"},
		{"store.jks", "", "keypass1", ""},
		{"store.p12", "storepass", "", ""},
		{"store.p12", "", "", "missing or wrong"},
		{"cert.pem", "", "", "set ssl.keystore.type=PEM"},
		{"missing", "", "", "no such file"},
		{"kafka-4.4.0-keys.txt", "", "", "is no store"},
	} {
		r := &reading{Properties: Properties{"ssl.keystore.location": "testdata/" + one.file, "ssl.keystore.password": one.password, "ssl.key.password": one.key}}
		c, err := r.identity()
		switch {
		case one.want == "" && (err != nil || c == nil || c.Leaf.Subject.CommonName != "one"):
			t.Errorf("%v: %v", one, err)
		case one.want != "" && (err == nil || !strings.Contains(err.Error(), one.want)):
			t.Errorf("%v: %v", one, err)
		}
	}
}

func TestAStoreThatIsCutIsAnError(t *testing.T) {
	data, err := os.ReadFile("testdata/store.jks")
	if err != nil {
		t.Fatal(err)
	}
	for n := range data {
		if _, err := jksStore(data[:n], "", "keypass1"); err == nil {
			t.Fatalf("%d of %d bytes are no store", n, len(data))
		}
	}
}

func FuzzJKS(f *testing.F) {
	data, err := os.ReadFile("testdata/store.jks")
	if err != nil {
		f.Fatal(err)
	}
	f.Add(data)
	f.Fuzz(func(_ *testing.T, data []byte) { _, _ = jksStore(data, "", "keypass1") })
}

func FuzzEncryptedKey(f *testing.F) {
	data, err := os.ReadFile("testdata/key-des3.pem")
	if err != nil {
		f.Fatal(err)
	}
	block, _ := pem.Decode(data)
	f.Add(block.Bytes)
	f.Fuzz(func(_ *testing.T, data []byte) {
		if !bytes.Contains(data, []byte{0x02, 0x04}) && !bytes.Contains(data, []byte{0x02, 0x03}) { // few rounds only
			_, _ = decryptPKCS8(data, []byte("x"))
		}
	})
}

func TestAssertionsAreSigned(t *testing.T) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	a := assertionMaker{key: key, algorithm: "ES256", life: time.Minute, before: time.Second, named: true, header: map[string]any{"kid": "1"}, claims: map[string]any{"iss": "me"}}
	if err := a.check(); err != nil {
		t.Fatal(err)
	}
	token, err := a.make(time.Unix(1000, 0))
	if err != nil {
		t.Fatal(err)
	}
	parts := strings.Split(token, ".")
	signature, err := base64.RawURLEncoding.DecodeString(parts[2])
	if err != nil || len(signature) != 64 {
		t.Fatal(err, len(signature))
	}
	digest := sha256.Sum256([]byte(parts[0] + "." + parts[1]))
	if !ecdsa.Verify(&key.PublicKey, digest[:], new(big.Int).SetBytes(signature[:32]), new(big.Int).SetBytes(signature[32:])) {
		t.Error("the signature does not hold")
	}
	body, _ := base64.RawURLEncoding.DecodeString(parts[1])
	var claims map[string]any
	if err := json.Unmarshal(body, &claims); err != nil || claims["iss"] != "me" || claims["exp"] != 1060.0 || claims["nbf"] != 999.0 || claims["jti"] == "" {
		t.Errorf("%s: %v", body, err)
	}
	if a.algorithm = "RS256"; a.check() == nil {
		t.Error("a key of another kind was taken")
	}
}

func TestATokenIsKeptForMostOfItsLife(t *testing.T) {
	fetched := 0
	k := &tokenKeeper{}
	life := time.Hour
	k.fetch = func(context.Context) (string, error) {
		fetched++
		return unsecuredToken(map[string]string{"unsecuredLoginStringClaim_sub": "a", "unsecuredLoginLifetimeSeconds": "3600"}, time.Now().Add(life-time.Hour))
	}
	for range 3 {
		if _, err := k.token(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	if fetched != 1 {
		t.Errorf("%d tokens were fetched", fetched)
	}
	k.until, life = time.Time{}, 0 // one that is over
	for range 2 {
		if _, err := k.token(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	if fetched != 3 {
		t.Errorf("%d tokens were fetched", fetched)
	}
}
