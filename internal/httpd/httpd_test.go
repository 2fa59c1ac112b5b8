package httpd

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

type loggers struct {
	mu     sync.Mutex
	levels map[string]string
}

func (l *loggers) Levels() map[string]string {
	l.mu.Lock()
	defer l.mu.Unlock()
	out := map[string]string{}
	for k, v := range l.levels {
		if v == "" {
			v = l.levels["root"]
		}
		out[k] = v
	}
	return out
}

func (l *loggers) SetLevel(name, level string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.levels[name] = level
}

// up serves on loopback until the test ends.
func up(t *testing.T, change func(*Config)) string {
	t.Helper()
	cfg := Config{
		Log:     slog.New(slog.NewTextHandler(t.Output(), nil)),
		Metrics: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "m 1\n") }),
		Alive:   func() error { return nil }, Unready: func() []string { return nil },
		Loggers: &loggers{levels: map[string]string{"root": "INFO", "server": ""}},
	}
	if change != nil {
		change(&cfg)
	}
	s := New(cfg)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s.Serve(l)
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		defer cancel()
		if err := s.Close(ctx); err != nil {
			t.Error(err)
		}
	})
	return l.Addr().String()
}

// ask sends one request and gives status and body.
func ask(t *testing.T, method, url, body string, header ...string) string {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i < len(header); i += 2 {
		if header[i] == "" {
			continue
		}
		if header[i] == "Host" {
			req.Host = header[i+1]
		}
		req.Header.Set(header[i], header[i+1])
	}
	client := http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	resp, err := client.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return fmt.Sprint(resp.StatusCode, " ", strings.TrimSpace(string(text)))
}

func TestHealthAndReadinessSayWhatIsWrong(t *testing.T) {
	var alive error
	var reasons []string
	at := "http://" + up(t, func(c *Config) {
		c.Alive, c.Unready = func() error { return alive }, func() []string { return reasons }
	})
	check := func(path, want string) {
		t.Helper()
		if got := ask(t, "GET", at+path, ""); got != want {
			t.Errorf("%s: %q, not %q", path, got, want)
		}
	}
	check("/healthz", "200 ok")
	check("/readyz", "200 ready")
	check("/metrics", "200 m 1")
	alive, reasons = errors.New("disk\ngone"), []string{"the broker is fenced", "no\nleader"}
	check("/healthz", "503 failed: disk; gone")
	check("/readyz", "503 the broker is fenced\nno; leader")
	check("/nothing", "404 404 page not found")
	check("/debug/pprof/", "404 404 page not found")
}

func TestLevelsAreChangedFromThisMachineOnly(t *testing.T) {
	at := "http://" + up(t, nil)
	for _, c := range []struct{ method, path, body, header, value, want string }{
		{"GET", "", "", "Accept", "*/*", "200 root INFO\nserver INFO"},
		{"PUT", "/server", "debug\n", "", "", "200 server DEBUG"},
		{"GET", "", "", "Accept", "*/*", "200 root INFO\nserver DEBUG"},
		{"DELETE", "/server", "", "", "", "200 server INFO"},
		{"PUT", "/server", "loud", "", "", "400 send a level: TRACE, DEBUG, INFO, WARN, ERROR or FATAL"},
		{"PUT", "/server", strings.Repeat("x", bodyMax+1), "", "", "400 send a level: TRACE, DEBUG, INFO, WARN, ERROR or FATAL"},
		{"PUT", "/nobody", "INFO", "", "", `404 there is no logger "nobody"; there are root, server`},
		{"PUT", "/server", "INFO", "Host", "evil.example:9404", "403 levels are changed here from the broker's own machine only; from elsewhere use kafka-configs.sh --entity-type broker-loggers"},
		{"PUT", "/server", "INFO", "Sec-Fetch-Site", "cross-site", "403 cross-origin request detected from Sec-Fetch-Site header"},
		{"POST", "/server", "INFO", "", "", "405 Method Not Allowed"},
	} {
		if got := ask(t, c.method, at+"/loglevels"+c.path, c.body, c.header, c.value); got != c.want {
			t.Errorf("%s %s %q: %q, not %q", c.method, c.path, c.header, got, c.want)
		}
	}
	far := &http.Request{RemoteAddr: "192.0.2.1:5000", Host: "localhost:9404"}
	if fromHere(far) {
		t.Error("another machine counts as this one")
	}
}

func TestProfilesAreServedWhereTheyAreTurnedOn(t *testing.T) {
	at := "http://" + up(t, func(c *Config) { c.Pprof = true }) + "/debug/pprof/"
	if got := ask(t, "GET", at, ""); !strings.Contains(got, "goroutine?debug=1") {
		t.Error(got)
	}
	if got := ask(t, "GET", at+"goroutine?debug=1", ""); !strings.Contains(got, "goroutine profile: total") {
		t.Error(got)
	}
	if got := ask(t, "GET", at+"profile?seconds=1", ""); !strings.HasPrefix(got, "200 \x1f\x8b") {
		t.Errorf("no profile: %.20q", got)
	}
	for _, path := range []string{"profile?seconds=61", "profile?seconds=x", "trace?seconds=-1"} {
		if got := ask(t, "GET", at+path, ""); got != "400 seconds is a number from 1 to 60" {
			t.Errorf("%s: %q", path, got)
		}
	}
	if got := ask(t, "GET", at+"nothing", ""); !strings.HasPrefix(got, "404 there is no profile") {
		t.Error(got)
	}
}

func TestCloseEndsWhatIsUnderWay(t *testing.T) {
	began := make(chan struct{})
	s := New(Config{
		Log: slog.New(slog.DiscardHandler), Alive: func() error { return nil }, Unready: func() []string { return nil }, Loggers: &loggers{},
		Metrics: http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { close(began); <-r.Context().Done() }),
	})
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s.Serve(l)
	nc, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = nc.Close() }()
	if _, err := io.WriteString(nc, "GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n"); err != nil {
		t.Fatal(err)
	}
	<-began
	ctx, cancel := context.WithTimeout(context.Background(), 50*time.Millisecond)
	defer cancel()
	_ = s.Close(ctx) // goleak sees what is left
	if _, err := bufio.NewReader(nc).ReadString('\n'); err == nil {
		t.Error("the connection was not cut")
	}
}

func TestConnectionsAreBounded(t *testing.T) {
	at := up(t, nil)
	var conns []net.Conn
	for range connsMax {
		nc, err := net.Dial("tcp", at)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := io.WriteString(nc, "GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n"); err != nil {
			t.Fatal(err)
		}
		if _, err := bufio.NewReader(nc).ReadString('\n'); err != nil {
			t.Fatal(err)
		}
		conns = append(conns, nc)
	}
	one, err := net.Dial("tcp", at)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = one.Close() }()
	if _, err := io.WriteString(one, "GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n"); err != nil {
		t.Fatal(err)
	}
	_ = one.SetReadDeadline(time.Now().Add(50 * time.Millisecond))
	if _, err := one.Read(make([]byte, 1)); err == nil {
		t.Error("one connection too many is served")
	}
	for _, nc := range conns {
		_ = nc.Close()
	}
	_ = one.SetReadDeadline(time.Now().Add(5 * time.Second))
	if _, err := one.Read(make([]byte, 1)); err != nil {
		t.Errorf("it is not served when there is room: %v", err)
	}
}
