package harness

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"maps"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Options describe one broker.
type Options struct {
	Name       string            // for folders and messages
	Properties map[string]string // beyond what the harness sets; these win
	Dir        string            // an earlier broker's folder; empty: a fresh one
	Port       int               // 0: a free one
	Controller int               // the controller's port; 0: a free one
	Env        []string          // beyond the test's own environment
	Old        bool              // Apache Kafka 3.9, for the versions that 4 dropped
	Classes    string            // a folder of classes for Apache Kafka: plugins
	Shipped    bool              // Apache Kafka with the JVM flags of its own scripts
}

// Broker is one running broker. Its methods are for one goroutine.
type Broker struct {
	Name       string
	Dir        string // holds server.properties, broker.log and data
	Port       int
	Controller int
	HTTP       string // where a Gregor shows metrics, if it was told to

	process *Process
	start   func(b *Broker) (*Process, error)
}

// Addr is what clients bootstrap from.
func (b *Broker) Addr() string { return "localhost:" + strconv.Itoa(b.Port) }

// ControllerAddr is where the controller listens.
func (b *Broker) ControllerAddr() string { return "localhost:" + strconv.Itoa(b.Controller) }

// Data is the log directory.
func (b *Broker) Data() string { return filepath.Join(b.Dir, "data") }

// Process is the running process.
func (b *Broker) Process() *Process { return b.process }

// Kill ends the broker as a crash does.
func (b *Broker) Kill() error { return b.process.Kill() }

// StartProgram starts a program that stands in for a broker, such as the floor
// of the bench, and waits until it answers. command gets the folder and the
// port.
func StartProgram(kind string, o Options, command func(b *Broker) *exec.Cmd) (*Broker, error) {
	b, err := newBroker(kind, o)
	if err != nil {
		return nil, err
	}
	b.start = func(b *Broker) (*Process, error) {
		return startProcess(command(b), filepath.Join(b.Dir, "broker.log"))
	}
	return b, b.Start()
}

// Stop shuts the broker down cleanly.
func (b *Broker) Stop() error { return b.process.Terminate(30 * time.Second) }

// Start runs the broker again on the same folder and port, and waits until
// it answers.
func (b *Broker) Start() error {
	if err := b.Launch(); err != nil {
		return err
	}
	if err := b.waitReady(60 * time.Second); err != nil {
		return errors.Join(err, b.process.Kill())
	}
	return nil
}

// Launch runs the broker again without waiting until it answers: for tests
// that end it while it starts.
func (b *Broker) Launch() error {
	if err := unused(b.Addr()); err != nil { // or the tests would talk to somebody else's broker
		return err
	}
	p, err := b.start(b)
	if err != nil {
		return err
	}
	b.process = p
	return nil
}

// Remove ends the broker and removes its folder.
func (b *Broker) Remove() error {
	return errors.Join(b.process.Kill(), os.RemoveAll(b.Dir))
}

func (b *Broker) waitReady(limit time.Duration) error {
	deadline := time.Now().Add(limit)
	for {
		err := Ping(b.Addr())
		if err == nil {
			return nil
		}
		select {
		case <-b.process.Ended():
			return fmt.Errorf("%s ended before it answered:\n%s", b.Name, b.process.Tail(4000))
		case <-time.After(20 * time.Millisecond):
		}
		if time.Now().After(deadline) {
			return fmt.Errorf("%s did not answer within %v: %w\n%s", b.Name, limit, err, b.process.Tail(4000))
		}
	}
}

// Ping asks the broker at addr for its API versions.
func Ping(addr string) error {
	conn, err := net.DialTimeout("tcp", addr, time.Second)
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close() }()
	if err := conn.SetDeadline(time.Now().Add(5 * time.Second)); err != nil {
		return err
	}
	// length 10 | key 18 | version 0 | correlation id 7 | client id null
	request := []byte{0, 0, 0, 10, 0, 18, 0, 0, 0, 0, 0, 7, 0xff, 0xff}
	if _, err := conn.Write(request); err != nil {
		return err
	}
	var head [10]byte // length | correlation id | error code
	if _, err := io.ReadFull(conn, head[:]); err != nil {
		return err
	}
	if code := binary.BigEndian.Uint16(head[8:]); code != 0 {
		return fmt.Errorf("ApiVersions: error code %d", code)
	}
	return nil
}

// unused says that nobody listens on addr.
func unused(addr string) error {
	l, err := net.Listen("tcp", addr)
	if err != nil {
		return err
	}
	return l.Close()
}

// FreePort returns a port of loopback that nobody listens on now.
func FreePort() (int, error) {
	l, err := net.Listen("tcp", "localhost:0")
	if err != nil {
		return 0, err
	}
	addr, ok := l.Addr().(*net.TCPAddr)
	if !ok {
		return 0, fmt.Errorf("listener has no TCP address: %v", l.Addr())
	}
	return addr.Port, l.Close()
}

// newBroker makes the folder and the properties file: a combined node, the
// only voter of its quorum.
func newBroker(kind string, o Options) (*Broker, error) {
	b := &Broker{Name: kind + " " + o.Name, Dir: o.Dir, Port: o.Port, Controller: o.Controller}
	var err error
	if b.Port == 0 {
		if b.Port, err = FreePort(); err != nil {
			return nil, err
		}
	}
	if b.Controller == 0 {
		if b.Controller, err = FreePort(); err != nil {
			return nil, err
		}
	}
	if b.Dir == "" {
		if b.Dir, err = runDir(kind + "-" + o.Name); err != nil {
			return nil, err
		}
	}
	quorum := "localhost:" + strconv.Itoa(b.Controller)
	all := map[string]string{
		"node.id":                   "1",
		"log.dirs":                  b.Data(),
		"process.roles":             "broker,controller",
		"controller.listener.names": "CONTROLLER",
		"controller.quorum.voters":  "1@" + quorum,
		"listeners":                 "PLAINTEXT://" + b.Addr() + ",CONTROLLER://" + quorum,
		"advertised.listeners":      "PLAINTEXT://" + b.Addr(),
	}
	for _, layer := range []map[string]string{Small(), o.Properties} {
		maps.Copy(all, layer)
	}
	var text strings.Builder
	for _, key := range slices.Sorted(maps.Keys(all)) {
		fmt.Fprintf(&text, "%s=%s\n", key, all[key])
	}
	return b, os.WriteFile(filepath.Join(b.Dir, "server.properties"), []byte(text.String()), 0o644)
}
