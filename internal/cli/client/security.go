package client

import (
	"crypto/tls"
	"strings"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"
)

// connection reads how brokers are reached: through TLS or not, after which
// login, with which buffers and how patiently.
func (r *reading) connection() []kgo.Opt {
	protocol := r.choice("security.protocol", "PLAINTEXT", "PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL")
	d := dialer{
		timeout: max(r.ms("socket.connection.setup.timeout.ms", 10*time.Second), leastWait),
		send:    int(r.int("send.buffer.bytes", -1, -1)),
		receive: int(r.int("receive.buffer.bytes", -1, -1)),
	}
	switch r.choice("client.dns.lookup", "use_all_dns_ips", "use_all_dns_ips", "resolve_canonical_bootstrap_servers_only") {
	case "resolve_canonical_bootstrap_servers_only":
		d.canonical, _ = addresses(r.Servers())
	}
	if strings.HasSuffix(protocol, "SSL") {
		d.tls = r.tls()
	}
	options := []kgo.Opt{kgo.Dialer(d.dial)}
	if strings.HasPrefix(protocol, "SASL_") {
		if m := r.sasl(); m != nil {
			options = append(options, kgo.SASL(m))
		}
	}
	return options
}

// tls reads ssl.*; nil where it makes no sense.
func (r *reading) tls() *tls.Config {
	c := &tls.Config{MinVersion: tls.VersionTLS12}
	c.MinVersion, c.MaxVersion = r.versions()
	c.CipherSuites = r.ciphers()
	if class := r.text("ssl.engine.factory.class"); class != "" && className(class) != "DefaultSslEngineFactory" {
		r.failf("ssl.engine.factory.class=%s: there is no Java here; leave it out", class)
	}
	roots, err := r.trust()
	r.fail(err)
	c.RootCAs = roots
	chain, err := r.identity()
	r.fail(err)
	if chain != nil {
		c.Certificates = []tls.Certificate{*chain}
		// Kafka's broker names the authorities that it trusts, and a client
		// with one identity presents it whatever it hears, so that the broker's
		// refusal is what the user sees.
		c.GetClientCertificate = func(*tls.CertificateRequestInfo) (*tls.Certificate, error) { return chain, nil }
	}
	if algorithm, set := r.Properties["ssl.endpoint.identification.algorithm"]; set {
		switch strings.ToLower(strings.TrimSpace(algorithm)) {
		case "":
			verifyChainOnly(c)
		case "https":
		default:
			r.failf("ssl.endpoint.identification.algorithm=%s: want https, or nothing to accept any name", algorithm)
		}
	}
	return c
}

// versions are the oldest and the newest version of TLS: what
// ssl.enabled.protocols lists, of which ssl.protocol is the newest.
func (r *reading) versions() (uint16, uint16) {
	known := map[string]uint16{"TLSV1": tls.VersionTLS10, "TLSV1.1": tls.VersionTLS11, "TLSV1.2": tls.VersionTLS12, "TLSV1.3": tls.VersionTLS13}
	least, most := uint16(tls.VersionTLS12), uint16(tls.VersionTLS13)
	if list := r.list("ssl.enabled.protocols"); len(list) > 0 {
		least, most = 0, 0
		for _, name := range list {
			v, ok := known[strings.ToUpper(name)]
			if !ok {
				r.failf("ssl.enabled.protocols=%s: the commands know TLSv1, TLSv1.1, TLSv1.2 and TLSv1.3", name)
				continue
			}
			most = max(most, v)
			if least == 0 || v < least {
				least = v
			}
		}
	}
	if name := strings.ToUpper(r.text("ssl.protocol")); name != "" && name != "TLS" {
		v, ok := known[name]
		switch {
		case !ok:
			r.failf("ssl.protocol=%s: want TLS, TLSv1.2 or TLSv1.3", name)
		case v < least:
			r.failf("ssl.protocol=%s: ssl.enabled.protocols allows newer ones only", name)
		default:
			most = min(most, v)
		}
	}
	return least, most
}

// ciphers are the suites of ssl.cipher.suites; those of TLS 1.3 are always all
// allowed, as Go has it.
func (r *reading) ciphers() []uint16 {
	known := make(map[string]uint16)
	for _, s := range append(tls.CipherSuites(), tls.InsecureCipherSuites()...) {
		known[s.Name] = s.ID
	}
	var list []uint16
	for _, name := range r.list("ssl.cipher.suites") {
		id, ok := known[name]
		if !ok {
			r.failf("ssl.cipher.suites=%s: the commands do not have this suite", name)
			continue
		}
		list = append(list, id)
	}
	return list
}
