package harness

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
)

// Small is what makes a single broker answer tests fast. Both brokers get it.
func Small() map[string]string {
	return map[string]string{
		"offsets.topic.replication.factor":                 "1",
		"offsets.topic.num.partitions":                     "5",
		"transaction.state.log.replication.factor":         "1",
		"transaction.state.log.min.isr":                    "1",
		"transaction.state.log.num.partitions":             "5",
		"share.coordinator.state.topic.replication.factor": "1",
		"share.coordinator.state.topic.min.isr":            "1",
		"share.coordinator.state.topic.num.partitions":     "5",
		"group.initial.rebalance.delay.ms":                 "0",
	}
}

// buildOnce builds the binary once in a test process.
var buildOnce = sync.OnceValues(func() (string, error) {
	if path := os.Getenv("GREGOR_BINARY"); path != "" {
		return path, nil
	}
	path := Cache("bin", "gregor-under-test")
	cmd := exec.Command("go", "build", "-o", path, "./cmd/gregor")
	cmd.Dir = Root()
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0", "GOFLAGS=")
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("go build ./cmd/gregor: %w\n%s", err, out)
	}
	return path, nil
})

// Binary returns the gregor under test, which it builds if GREGOR_BINARY
// does not name one.
func Binary() (string, error) { return buildOnce() }

// StartGregor starts a gregor and waits until it answers.
func StartGregor(o Options) (*Broker, error) {
	binary, err := Binary()
	if err != nil {
		return nil, err
	}
	b, err := newBroker("gregor", o)
	if err != nil {
		return nil, err
	}
	b.start = func(b *Broker) (*Process, error) {
		cmd := exec.Command(binary, "start", filepath.Join(b.Dir, "server.properties"))
		cmd.Dir = b.Dir
		cmd.Env = append(os.Environ(), o.Env...)
		return startProcess(cmd, filepath.Join(b.Dir, "broker.log"))
	}
	return b, b.Start()
}
