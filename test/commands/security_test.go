package commands

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/pem"
	"fmt"
	"math/big"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/gregor-stream/gregor/test/harness"
)

const secret = "secret-1"

// keytool makes stores in dir, as people make them for Kafka.
func keytool(t *testing.T, dir string, args ...string) {
	t.Helper()
	java, err := harness.Java().Find()
	harness.Missing(t, err)
	real, err := filepath.EvalSymlinks(java)
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(filepath.Join(filepath.Dir(real), "keytool"), append(args, "-storepass", secret, "-noprompt")...)
	cmd.Dir = dir
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("keytool %v: %v\n%s", args, err, out)
	}
}

// stores makes the broker's and the clients' stores.
func stores(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	pair := func(alias, kind, file string) {
		keytool(t, dir, "-genkeypair", "-alias", alias, "-keyalg", "RSA", "-dname", "CN=localhost", "-validity", "3650",
			"-ext", "SAN=dns:localhost,ip:127.0.0.1", "-storetype", kind, "-keystore", file, "-keypass", secret)
		keytool(t, dir, "-exportcert", "-rfc", "-alias", alias, "-keystore", file, "-file", alias+".pem")
	}
	trust := func(alias, kind, file string) {
		keytool(t, dir, "-importcert", "-alias", alias, "-storetype", kind, "-keystore", file, "-file", alias+".pem")
	}
	pair("broker", "PKCS12", "broker.p12")
	pair("client", "PKCS12", "client.p12")
	pair("older", "JKS", "client.jks")
	clientPEM(t, dir)
	for _, alias := range []string{"client", "older", "go"} {
		trust(alias, "PKCS12", "broker-trust.p12")
	}
	trust("broker", "PKCS12", "trust.p12")
	trust("broker", "JKS", "trust.jks")
	return dir
}

// clientPEM makes a client's key and certificate, go.key and go.pem.
func clientPEM(t *testing.T, dir string) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "go"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(24 * time.Hour),
	}
	cert, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	chain := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: cert})
	both := append(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}), chain...)
	for name, data := range map[string][]byte{"go.pem": chain, "go.store.pem": both} {
		if err := os.WriteFile(filepath.Join(dir, name), data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

// secured is Apache Kafka with a listener of TLS that asks for certificates,
// and one of TLS and every login.
type secured struct{ plain, tls, sasl string }

func startSecured(t *testing.T, dir string) secured {
	t.Helper()
	var ports [4]int
	for i := range ports {
		port, err := harness.FreePort()
		if err != nil {
			t.Fatal(err)
		}
		ports[i] = port
	}
	at := func(i int) string { return fmt.Sprintf("localhost:%d", ports[i]) }
	const login = "org.apache.kafka.common.security."
	b, err := harness.StartKafka(harness.Options{Name: "secured", Port: ports[0], Controller: ports[3], Properties: map[string]string{
		"listeners":                      "PLAINTEXT://" + at(0) + ",SSL://" + at(1) + ",SASL_SSL://" + at(2) + ",CONTROLLER://" + at(3),
		"advertised.listeners":           "PLAINTEXT://" + at(0) + ",SSL://" + at(1) + ",SASL_SSL://" + at(2),
		"listener.security.protocol.map": "CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT,SSL:SSL,SASL_SSL:SASL_SSL",
		"ssl.keystore.type":              "PKCS12", "ssl.keystore.location": dir + "/broker.p12", "ssl.keystore.password": secret, "ssl.key.password": secret,
		"ssl.truststore.type": "PKCS12", "ssl.truststore.location": dir + "/broker-trust.p12", "ssl.truststore.password": secret,
		"listener.name.ssl.ssl.client.auth":                     "required",
		"sasl.enabled.mechanisms":                               "PLAIN,SCRAM-SHA-256,SCRAM-SHA-512,OAUTHBEARER",
		"listener.name.sasl_ssl.plain.sasl.jaas.config":         login + `plain.PlainLoginModule required user_alice="wonder\\"land";`,
		"listener.name.sasl_ssl.scram-sha-256.sasl.jaas.config": login + "scram.ScramLoginModule required;",
		"listener.name.sasl_ssl.scram-sha-512.sasl.jaas.config": login + "scram.ScramLoginModule required;",
		"listener.name.sasl_ssl.oauthbearer.sasl.jaas.config":   login + `oauthbearer.OAuthBearerLoginModule required unsecuredLoginStringClaim_sub="broker";`,
		"auto.create.topics.enable":                             "true",
		"log.cleaner.enable":                                    "false",
	}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = b.Remove() })
	c, err := kgo.NewClient(kgo.SeedBrokers(at(0)))
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	for _, m := range []kadm.ScramMechanism{kadm.ScramSha256, kadm.ScramSha512} {
		users, err := kadm.NewClient(c).AlterUserSCRAMs(t.Context(), nil, []kadm.UpsertSCRAM{{User: "bob", Password: "builder", Mechanism: m, Iterations: 4096}})
		if err != nil || users.Error() != nil {
			t.Fatal(err, users.Error())
		}
	}
	return secured{at(0), at(1), at(2)}
}

// endpoint gives tokens to who has the client's secret.
func endpoint(t *testing.T) string {
	t.Helper()
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if id, pass, _ := r.BasicAuth(); id != "app" || pass != "s3cret" || r.FormValue("grant_type") != "client_credentials" || r.FormValue("scope") != "kafka" {
			http.Error(w, `{"error":"invalid_client"}`, http.StatusUnauthorized)
			return
		}
		code := base64.RawURLEncoding.EncodeToString
		now := time.Now().Unix()
		token := code([]byte(`{"alg":"none"}`)) + "." + code(fmt.Appendf(nil, `{"sub":"app","iat":%d,"exp":%d}`, now, now+600)) + "."
		_, _ = fmt.Fprintf(w, `{"access_token":%q,"token_type":"Bearer"}`, token)
	}))
	t.Cleanup(s.Close)
	return s.URL
}

func TestCommandConfigOpensTLSAndLogsIn(t *testing.T) {
	w := world(t)
	dir := stores(t)
	k := startSecured(t, dir)
	const module = "sasl.jaas.config=org.apache.kafka.common.security."
	trust := "ssl.truststore.type=PKCS12\nssl.truststore.location=" + dir + "/trust.p12\nssl.truststore.password=" + secret + "\n"
	ssl := "security.protocol=SSL\n"
	sasl := "security.protocol=SASL_SSL\n" + trust
	bearer := sasl + "sasl.mechanism=OAUTHBEARER\n"
	both := func(file string) string {
		data, err := os.ReadFile(filepath.Join(dir, file))
		if err != nil {
			t.Fatal(err)
		}
		return strings.ReplaceAll(strings.ReplaceAll(string(data), "\r", ""), "\n", "\\n\\\n")
	}
	parts := strings.SplitAfter(both("go.store.pem"), "-----END PRIVATE KEY-----\\n\\\n")
	cases := []struct {
		name, addr, config string
		kafka              bool // Kafka's own command takes the same file
		fails              string
	}{
		{"stores of PKCS12", k.tls, ssl + trust + "ssl.keystore.type=PKCS12\nssl.keystore.location=" + dir + "/client.p12\nssl.keystore.password=" + secret + "\nssl.key.password=" + secret, true, ""},
		{"stores of JKS", k.tls, ssl + "ssl.truststore.location=" + dir + "/trust.jks\nssl.truststore.password=" + secret + "\nssl.keystore.location=" + dir + "/client.jks\nssl.keystore.password=" + secret, false, ""},
		{"a trust store of JKS without its password", k.tls, ssl + "ssl.truststore.location=" + dir + "/trust.jks\nssl.keystore.location=" + dir + "/client.jks\nssl.keystore.password=" + secret, false, ""},
		{"stores of PEM", k.tls, ssl + "ssl.truststore.type=PEM\nssl.truststore.location=" + dir + "/broker.pem\nssl.keystore.type=PEM\nssl.keystore.location=" + dir + "/go.store.pem", true, ""},
		{"PEM in the properties", k.tls, ssl + "ssl.truststore.type=PEM\nssl.truststore.certificates=" + both("broker.pem") + "\nssl.keystore.type=PEM\nssl.keystore.key=" + parts[0] + "\nssl.keystore.certificate.chain=" + parts[1], true, ""},
		{"TLS 1.2 and one suite", k.tls, ssl + trust + "ssl.enabled.protocols=TLSv1.2\nssl.protocol=TLSv1.2\nssl.cipher.suites=TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384\nssl.keystore.location=" + dir + "/client.p12\nssl.keystore.password=" + secret, false, ""},
		{"PLAIN", k.sasl, sasl + "sasl.mechanism=PLAIN\n" + module + `plain.PlainLoginModule required username="alice" password="wonder\\"land";`, true, ""},
		{"SCRAM-SHA-256", k.sasl, sasl + "sasl.mechanism=SCRAM-SHA-256\n" + module + `scram.ScramLoginModule required username="bob" password="builder";`, true, ""},
		{"SCRAM-SHA-512", k.sasl, sasl + "sasl.mechanism=SCRAM-SHA-512\n" + module + `scram.ScramLoginModule required username='bob' password='builder';`, false, ""},
		{"OAUTHBEARER, unsecured", k.sasl, bearer + module + `oauthbearer.OAuthBearerLoginModule required unsecuredLoginStringClaim_sub="carol";`, true, ""},
		{"OAUTHBEARER of an endpoint", k.sasl, bearer + "sasl.login.callback.handler.class=org.apache.kafka.common.security.oauthbearer.OAuthBearerLoginCallbackHandler\nsasl.oauthbearer.token.endpoint.url=" + endpoint(t) + "\nsasl.oauthbearer.client.credentials.client.id=app\nsasl.oauthbearer.client.credentials.client.secret=s3cret\nsasl.oauthbearer.scope=kafka\n" + module + "oauthbearer.OAuthBearerLoginModule required;", false, ""},
		{"a wrong client secret", k.sasl, bearer + "sasl.login.callback.handler.class=org.apache.kafka.common.security.oauthbearer.OAuthBearerLoginCallbackHandler\nsasl.oauthbearer.token.endpoint.url=" + endpoint(t) + "\nsasl.oauthbearer.client.credentials.client.id=app\nsasl.oauthbearer.client.credentials.client.secret=x\n" + module + "oauthbearer.OAuthBearerLoginModule required;", false, "answered 401"},
		{"an unknown broker", k.tls, ssl, false, "certificate"},
		{"no certificate of the client", k.tls, ssl + trust, false, "refuses the client's certificate, or wants one"},
		{"a wrong password", k.sasl, sasl + "sasl.mechanism=PLAIN\n" + module + `plain.PlainLoginModule required username="alice" password="x";`, false, "SASL_AUTHENTICATION_FAILED"},
		{"a wrong password of a store", k.tls, ssl + strings.ReplaceAll(trust, secret, "wrong"), false, "password of the store is missing or wrong"},
		{"TLS to a plain port", k.plain, ssl + trust, false, "is the port one of PLAINTEXT"},
		{"no TLS to a TLS port", k.tls, "", false, "the broker speaks TLS at this port"},
		{"Kerberos", k.sasl, sasl + "sasl.mechanism=GSSAPI\n", false, "do not speak Kerberos"},
	}
	for i, c := range cases {
		t.Run(strings.ReplaceAll(c.name, " ", "-"), func(t *testing.T) {
			file := filepath.Join(t.TempDir(), "client.properties")
			patience := "30000"
			if c.fails != "" {
				patience = "2000"
			}
			topic := fmt.Sprintf("t%d", i)
			produce := []string{"--bootstrap-server", c.addr, "--topic", topic, "--command-config", file, "--sync"}
			try := func() harness.Printed {
				if err := os.WriteFile(file, []byte(c.config+"\ndefault.api.timeout.ms="+patience+"\nmax.block.ms="+patience+"\n"), 0o600); err != nil {
					t.Fatal(err)
				}
				return gregorRun(t, w, "console-producer", produce, "first\n")
			}
			p := try()
			if c.fails != "" && strings.Contains(p.Err, ": no answer in time") { // the machine may be that busy
				patience = "20000"
				p = try()
			}
			if c.fails != "" {
				if p.Code != 1 || !strings.Contains(p.Err, c.fails) || strings.Count(p.Err, "\n") != 1 {
					t.Errorf("exit code %d, want 1 and one line with %q:\n%s", p.Code, c.fails, p.Err)
				}
				return
			}
			want := "first\n"
			if p.Code != 0 || p.Err != "" {
				t.Fatalf("exit code %d:\n%s", p.Code, p.Err)
			}
			if c.kafka {
				if p, err := w.Tools.Run(producerClass, produce, "second\n"); err != nil || p.Code != 0 {
					t.Errorf("Kafka's command: %v, exit code %d:\n%s", err, p.Code, p.Err)
				}
				want += "second\n"
			}
			p = gregorRun(t, w, "console-consumer", []string{"--bootstrap-server", c.addr, "--topic", topic, "--command-config", file,
				"--partition", "0", "--from-beginning", "--timeout-ms", "30000", "--max-messages", fmt.Sprint(strings.Count(want, "\n"))}, "")
			if p.Code != 0 || p.Out != want {
				t.Errorf("exit code %d, %q, want %q:\n%s", p.Code, p.Out, want, p.Err)
			}
		})
	}
}

func gregorRun(t *testing.T, w *World, command string, args []string, stdin string) harness.Printed {
	t.Helper()
	p, err := w.Gregor(context.WithoutCancel(t.Context()), append([]string{command}, args...), stdin)
	if err != nil {
		t.Fatal(err)
	}
	return p
}
