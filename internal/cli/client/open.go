package client

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"os"
	"strings"
	"syscall"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/gregor-stream/gregor/internal/cli/command"
)

// The properties that name the cluster.
const (
	BootstrapServers     = "bootstrap.servers"
	BootstrapControllers = "bootstrap.controllers"
)

// sayAfter is when a person is told what is waited for.
const sayAfter = 2 * time.Second

// reconnect are the first and the longest pause between two attempts to reach
// a broker.
func (p Properties) reconnect() (first, most time.Duration, err error) {
	r := &reading{Properties: p}
	first = max(r.ms("reconnect.backoff.ms", 50*time.Millisecond), time.Millisecond)
	most = max(r.ms("reconnect.backoff.max.ms", time.Second), first)
	return first, most, r.err()
}

// Open makes a client of p and returns it when a broker answers. It waits for
// one as Kafka's clients do, default.api.timeout.ms (60 s where it is not
// set; 0 asks once), unless what is wrong does not go away by waiting. more is
// applied over what p says. Properties that nobody knows, and those whose
// absence here changes what happens, are said on env.Err.
func Open(ctx context.Context, env *command.Env, p Properties, more ...kgo.Opt) (*kgo.Client, error) {
	p, err := p.Resolved()
	if err != nil {
		return nil, command.Fail(err)
	}
	options, err := p.Options()
	if err != nil {
		return nil, command.Fail(err)
	}
	for _, line := range p.Doubts() {
		env.Warnf("%s", line)
	}
	wait, err := p.Ms("default.api.timeout.ms", time.Minute)
	if err != nil {
		return nil, command.Fail(err)
	}
	c, err := kgo.NewClient(append(options, more...)...)
	if err != nil {
		return nil, command.Fail(fmt.Errorf("the client properties: %w", err))
	}
	ping := c.Ping
	if p[BootstrapControllers] != "" {
		ping = func(ctx context.Context) error { return pingSeeds(ctx, c) }
	}
	if err := answer(ctx, env, ping, p, wait); err != nil {
		c.Close()
		return nil, err
	}
	return c, nil
}

// Servers are the addresses that p bootstraps from, as the user wrote them.
func (p Properties) Servers() string {
	if c := p[BootstrapControllers]; c != "" {
		return c
	}
	return p[BootstrapServers]
}

// pingSeeds asks the named nodes themselves, one after the other: controllers
// answer no Metadata request, which the client's own ping begins with.
func pingSeeds(ctx context.Context, c *kgo.Client) error {
	req := kmsg.NewPtrApiVersionsRequest()
	req.ClientSoftwareName, req.ClientSoftwareVersion = "gregor", command.KafkaVersion
	var err error
	for _, b := range c.SeedBrokers() {
		if _, err = b.Request(ctx, req); err == nil {
			return nil
		}
	}
	return err
}

// answer waits until ping succeeds, at most as long as wait; 0 asks once.
func answer(ctx context.Context, env *command.Env, ping func(context.Context) error, p Properties, wait time.Duration) error {
	servers, began := p.Servers(), time.Now()
	if wait == 0 {
		return Explain(ping(ctx), servers)
	}
	names, err := p.Ms("bootstrap.resolve.timeout.ms", 0) // how long names may be unknown
	if err != nil {
		return command.Fail(err)
	}
	deadline, cancel := context.WithTimeout(ctx, wait)
	defer cancel()
	said := false
	var last error
	first, most, err := p.reconnect()
	if err != nil {
		return command.Fail(err)
	}
	for failures := 1; ; failures++ {
		err := ping(deadline)
		switch {
		case err == nil:
			return nil
		case ctx.Err() != nil:
			return command.Fail(ctx.Err())
		case deadline.Err() == nil || last == nil:
			last = err // a deadline that cuts the last attempt says nothing
		}
		if final(err) && (!noSuchHost(err) || time.Since(began) >= names) {
			return Explain(last, servers)
		}
		if deadline.Err() != nil {
			return command.Fail(&unreached{Explain(fmt.Errorf("%w (waited %v)", last, wait), servers)})
		}
		if !said && env.Interactive && time.Since(began) > sayAfter {
			said = true
			env.Warnf("waiting for %s (%s), until %v have passed ...", servers, reason(last), wait)
		}
		select {
		case <-deadline.Done():
		case <-time.After(pause(first, most, failures)):
		}
	}
}

func noSuchHost(err error) bool {
	dns, ok := errors.AsType[*net.DNSError](err)
	return ok && dns.IsNotFound
}

// final says that waiting does not help.
func final(err error) bool {
	if noSuchHost(err) {
		return true
	}
	if _, ok := errors.AsType[*loginError](err); ok {
		return true
	}
	if _, ok := errors.AsType[*tlsError](err); ok {
		return !errors.Is(err, io.EOF) && !errors.Is(err, syscall.ECONNRESET)
	}
	text := err.Error()
	return strings.Contains(text, "SASL") || strings.Contains(text, "tls:") || isAlert(text) || isHTTP(text) // TLS 1.3 refuses certificates after the handshake
}

// isAlert says that a broker answered a plain request with an alert of TLS.
func isAlert(text string) bool { return strings.Contains(text, "tls alert record") }

// isHTTP says that a web server answered.
func isHTTP(text string) bool { return strings.Contains(text, "beginning of an HTTP response") }

// isRefusal says that a broker turned down the client's certificate.
func isRefusal(text string) bool {
	for _, alert := range []string{"bad certificate", "certificate required", "unknown certificate", "handshake failure"} {
		if strings.Contains(text, "remote error: tls: "+alert) {
			return true
		}
	}
	return false
}

// reason is what a person makes of an error of the network.
func reason(err error) string {
	secure, handshake := errors.AsType[*tlsError](err)
	switch {
	case errors.Is(err, syscall.ECONNREFUSED):
		return "connection refused"
	case isRefusal(err.Error()):
		return "the broker refuses the client's certificate, or wants one: see ssl.keystore.location (" + err.Error() + ")"
	case isAlert(err.Error()):
		return "the broker speaks TLS at this port: set security.protocol=SSL or SASL_SSL"
	case isHTTP(err.Error()):
		return "a web server answers at this port: name the port of the broker's listener, often 9092"
	case handshake && (errors.Is(err, io.EOF) || errors.Is(err, syscall.ECONNRESET)):
		return "the connection was closed in the TLS handshake: is the port one of PLAINTEXT or SASL_PLAINTEXT?"
	case handshake:
		return secure.Error()
	case errors.Is(err, io.EOF), errors.Is(err, syscall.ECONNRESET):
		return "the connection was closed at once: is the port one of TLS or of another service?"
	case unresolved(err) != "":
		return unresolved(err)
	case errors.Is(err, os.ErrDeadlineExceeded), errors.Is(err, context.DeadlineExceeded):
		return "no answer in time"
	}
	return err.Error()
}

// unresolved is what is wrong with the name of a host; "" where that is not it.
func unresolved(err error) string {
	dns, ok := errors.AsType[*net.DNSError](err)
	switch {
	case !ok:
		return ""
	case dns.IsNotFound:
		return "no such host: " + dns.Name
	case dns.IsTimeout:
		return "the name server has not answered what address " + dns.Name + " has"
	}
	return "the address of " + dns.Name + " is not to be found: " + dns.Err
}

// unreached is an error of Open: no broker answered in time.
type unreached struct{ error }

func (u *unreached) Unwrap() error { return u.error }

// IsUnreached says that err of [Open] is about brokers that did not answer in
// the time they had, so that waiting longer might have helped.
func IsUnreached(err error) bool {
	_, ok := errors.AsType[*unreached](err)
	return ok
}

// Explain is the one line about a cluster that cannot be reached or did not
// answer; other errors stay as they are.
func Explain(err error, servers string) error {
	if err == nil {
		return nil
	}
	_, network := errors.AsType[net.Error](err)
	_, file := errors.AsType[*fs.PathError](err) // whose numbers look like the network's
	if file || !network && !errors.Is(err, io.EOF) && !errors.Is(err, syscall.ECONNREFUSED) && !final(err) {
		return command.Fail(err)
	}
	waited := ""
	if i := strings.LastIndex(err.Error(), " (waited "); i >= 0 {
		waited = err.Error()[i:]
	}
	return command.Failf("no broker answers at %s: %s%s", servers, reason(err), waited)
}
