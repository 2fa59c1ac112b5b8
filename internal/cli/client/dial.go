package client

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"net"
	"slices"
	"strings"
	"time"
)

// dialer opens connections to brokers.
type dialer struct {
	timeout time.Duration // of connecting and of the TLS handshake, each
	tls     *tls.Config   // nil for none
	// send and receive are the sizes of the socket's buffers in bytes; -1
	// leaves them to the system.
	send, receive int
	// canonical are the addresses whose hosts stand for other names, which
	// their IP addresses lead back to (client.dns.lookup).
	canonical []string
}

func (d *dialer) dial(ctx context.Context, network, address string) (net.Conn, error) {
	if slices.Contains(d.canonical, address) {
		address = canonical(ctx, address)
	}
	open := net.Dialer{Timeout: d.timeout}
	conn, err := open.DialContext(ctx, network, address)
	if err != nil {
		return nil, err
	}
	if tcp, ok := conn.(*net.TCPConn); ok {
		if d.send > 0 {
			_ = tcp.SetWriteBuffer(d.send)
		}
		if d.receive > 0 {
			_ = tcp.SetReadBuffer(d.receive)
		}
	}
	if d.tls == nil {
		return conn, nil
	}
	c := d.tls.Clone()
	c.ServerName, _, _ = net.SplitHostPort(address)
	secure := tls.Client(conn, c)
	ctx, cancel := context.WithTimeout(ctx, d.timeout)
	defer cancel()
	if err := secure.HandshakeContext(ctx); err != nil {
		_ = conn.Close()
		return nil, &tlsError{err}
	}
	return secure, nil
}

// tlsError is a handshake that failed: waiting does not mend it.
type tlsError struct{ err error }

func (e *tlsError) Error() string {
	text := strings.TrimPrefix(e.err.Error(), "tls: ")
	if strings.Contains(text, "first record does not look like a TLS handshake") {
		return "TLS: the broker does not speak TLS at this port; is it one of PLAINTEXT or SASL_PLAINTEXT?"
	}
	return "TLS: " + text
}

func (e *tlsError) Unwrap() error { return e.err }

// canonical is the address with the name that the host's first IP address
// leads back to; as it is where there is none.
func canonical(ctx context.Context, address string) string {
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		return address
	}
	ips, err := net.DefaultResolver.LookupHost(ctx, host)
	if err != nil || len(ips) == 0 {
		return address
	}
	names, err := net.DefaultResolver.LookupAddr(ctx, ips[0])
	if err != nil || len(names) == 0 {
		return address
	}
	return net.JoinHostPort(strings.TrimSuffix(names[0], "."), port)
}

// verifyChainOnly checks the certificate but not the name in it, which is what
// an empty ssl.endpoint.identification.algorithm asks for.
func verifyChainOnly(c *tls.Config) {
	roots := c.RootCAs
	c.InsecureSkipVerify = true // the chain is verified below
	c.VerifyConnection = func(s tls.ConnectionState) error {
		if len(s.PeerCertificates) == 0 {
			return fmt.Errorf("the broker has no certificate")
		}
		between := x509.NewCertPool()
		for _, cert := range s.PeerCertificates[1:] {
			between.AddCert(cert)
		}
		_, err := s.PeerCertificates[0].Verify(x509.VerifyOptions{Roots: roots, Intermediates: between})
		return err
	}
}
