package client

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"os"
	"regexp"
	"strings"

	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/sasl"
	"github.com/twmb/franz-go/pkg/sasl/plain"
	"github.com/twmb/franz-go/pkg/sasl/scram"
)

func (r *reading) connection() []kgo.Opt {
	options, err := r.security()
	r.fail(err)
	return options
}

// security is what security.protocol asks for.
func (p Properties) security() ([]kgo.Opt, error) {
	protocol, err := p.Choice("security.protocol", "PLAINTEXT", "PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL")
	if err != nil {
		return nil, err
	}
	var options []kgo.Opt
	if strings.HasSuffix(protocol, "SSL") {
		c, err := p.tls()
		if err != nil {
			return nil, err
		}
		options = append(options, kgo.DialTLSConfig(c))
	}
	if strings.HasPrefix(protocol, "SASL_") {
		m, err := p.sasl()
		if err != nil {
			return nil, err
		}
		options = append(options, kgo.SASL(m))
	}
	return options, nil
}

func (p Properties) tls() (*tls.Config, error) {
	c := &tls.Config{MinVersion: tls.VersionTLS12}
	if err := p.trust(c); err != nil {
		return nil, err
	}
	if err := p.identity(c); err != nil {
		return nil, err
	}
	if algorithm, set := p["ssl.endpoint.identification.algorithm"]; set && strings.TrimSpace(algorithm) == "" {
		verifyChainOnly(c)
	}
	return c, nil
}

// verifyChainOnly checks the certificate but not the name in it, which is what
// an empty ssl.endpoint.identification.algorithm asks for.
func verifyChainOnly(c *tls.Config) {
	roots := c.RootCAs
	c.InsecureSkipVerify = true // the chain is verified below
	c.VerifyConnection = func(s tls.ConnectionState) error {
		between := x509.NewCertPool()
		for _, cert := range s.PeerCertificates[1:] {
			between.AddCert(cert)
		}
		_, err := s.PeerCertificates[0].Verify(x509.VerifyOptions{Roots: roots, Intermediates: between})
		return err
	}
}

func (p Properties) trust(c *tls.Config) error {
	pem, err := p.pemOf("ssl.truststore.type", "ssl.truststore.location", "ssl.truststore.certificates")
	if err != nil || pem == nil {
		return err
	}
	c.RootCAs = x509.NewCertPool()
	if !c.RootCAs.AppendCertsFromPEM(pem) {
		return errors.New("ssl.truststore: there is no PEM certificate in it")
	}
	return nil
}

func (p Properties) identity(c *tls.Config) error {
	chain, err := p.pemOf("ssl.keystore.type", "ssl.keystore.location", "ssl.keystore.certificate.chain")
	if err != nil || chain == nil {
		return err
	}
	key := chain // a PEM file of Kafka's holds both
	if text := p["ssl.keystore.key"]; text != "" {
		key = []byte(text)
	}
	pair, err := tls.X509KeyPair(chain, key)
	if err != nil {
		return fmt.Errorf("ssl.keystore: %w", err)
	}
	c.Certificates = []tls.Certificate{pair}
	return nil
}

// pemOf reads a store that is PEM, from a file or from the property itself;
// nil where there is none.
func (p Properties) pemOf(kind, location, inline string) ([]byte, error) {
	if text := p[inline]; text != "" {
		return []byte(text), nil
	}
	file := p[location]
	if file == "" {
		return nil, nil
	}
	if t := strings.ToUpper(strings.TrimSpace(p[kind])); t != "PEM" {
		return nil, fmt.Errorf("%s=%s: only PEM is read (openssl pkcs12 -in %s -out store.pem, or keytool -importkeystore first)", kind, p[kind], file)
	}
	data, err := os.ReadFile(file)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", location, err)
	}
	return data, nil
}

func (p Properties) sasl() (sasl.Mechanism, error) {
	mechanism, err := p.Choice("sasl.mechanism", "GSSAPI", "GSSAPI", "PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512", "OAUTHBEARER")
	if err != nil {
		return nil, err
	}
	jaas := p["sasl.jaas.config"]
	user, pass := jaasOption(jaas, "username"), jaasOption(jaas, "password")
	if user == "" && strings.HasPrefix(mechanism, "SCRAM") || user == "" && mechanism == "PLAIN" {
		return nil, fmt.Errorf("sasl.jaas.config: no username=\"...\" in it, which %s needs", mechanism)
	}
	switch mechanism {
	case "PLAIN":
		return plain.Auth{User: user, Pass: pass}.AsMechanism(), nil
	case "SCRAM-SHA-256":
		return scram.Auth{User: user, Pass: pass, IsToken: jaasOption(jaas, "tokenauth") == "true"}.AsSha256Mechanism(), nil
	case "SCRAM-SHA-512":
		return scram.Auth{User: user, Pass: pass, IsToken: jaasOption(jaas, "tokenauth") == "true"}.AsSha512Mechanism(), nil
	}
	return nil, fmt.Errorf("sasl.mechanism=%s: the commands know PLAIN, SCRAM-SHA-256 and SCRAM-SHA-512", mechanism)
}

// jaasOption is the value of an option in a line of sasl.jaas.config:
// module required username="alice" password='it\'s';
func jaasOption(jaas, name string) string {
	const value = `\s*=\s*(?:"((?:[^"\\]|\\.)*)"|'((?:[^'\\]|\\.)*)'|([^\s;"']+))`
	m := regexp.MustCompile(`(?:^|\s)` + regexp.QuoteMeta(name) + value).FindStringSubmatch(jaas)
	if m == nil {
		return ""
	}
	return regexp.MustCompile(`\\(.)`).ReplaceAllString(m[1]+m[2]+m[3], "$1")
}
