package clients

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"

	"github.com/gregor-stream/gregor/test/harness"
)

// client is one row of the table.
type client struct {
	name    string
	command func() ([]string, error) // without BOOTSTRAP and PREFIX
}

// all are the clients of the table.
func all() []client {
	conformance := []string{"Conformance", "Operations", "Transactions"}
	return []client{
		{"Java 4.4.0", javaScript("broker", conformance...)},
		{"Java 2.8.2", javaScript("client-old", conformance...)},
		{"confluent-kafka (Python)", pythonScript("confluent.py")},
		{"kafka-python", pythonScript("kafka_python.py")},
		{"kafka-python, api_version (1, 0, 0)", pythonScript("kafka_python.py", "api_version=1.0.0")},
		{"franz-go", goScript("franz")},
		{"sarama", goScript("sarama")},
		{"segmentio/kafka-go", goScript("segmentio")},
		{"kafkajs", nodeScript},
		{"kcat", kcatScript},
	}
}

// steps are the columns of the table, in order.
func steps() []string {
	return []string{
		"create topics", "refuse replication factor", "list topics", "produce with keys", "produce with headers",
		"codec none", "codec gzip", "codec snappy", "codec lz4", "codec zstd", "callbacks", "request of 100 MB",
		"earliest", "latest", "manual commit", "automatic commit", "seek by timestamp", "several groups",
		"group of two with rebalances", "transactions", "exactly once", "configs", "create partitions", "delete records", "groups", "cluster",
		"log directories", "delete topics",
	}
}

func script(elem ...string) string {
	return filepath.Join(append([]string{harness.Root(), "test", "clients"}, elem...)...)
}

func pythonScript(file string, extra ...string) func() ([]string, error) {
	return func() ([]string, error) {
		python, err := harness.Python().Find()
		return append([]string{python, script("python", file)}, extra...), err
	}
}

func goScript(name string) func() ([]string, error) {
	return func() ([]string, error) {
		binary := harness.Cache("bin", "client-"+name)
		cmd := exec.Command("go", "build", "-o", binary, "./clients/"+name)
		cmd.Dir = filepath.Join(harness.Root(), "test")
		if out, err := cmd.CombinedOutput(); err != nil {
			return nil, fmt.Errorf("build %s: %w\n%s", name, err, out)
		}
		return []string{binary}, nil
	}
}

func nodeScript() ([]string, error) {
	node, err := harness.Node().Find()
	if err != nil {
		return nil, err
	}
	modules := harness.Cache("node", "node_modules")
	if _, err := os.Stat(filepath.Join(modules, "kafkajs")); err != nil {
		return nil, fmt.Errorf("kafkajs is %w: run `make deps` with npm", harness.ErrMissing)
	}
	return []string{node, script("node", "conformance.js"), modules}, nil
}

func kcatScript() ([]string, error) {
	kcat, err := harness.Kcat().Find()
	return []string{"bash", script("shell", "kcat.sh"), kcat}, err
}

// javaScript compiles a script, the first of the sources, against the client of
// one set of jars.
func javaScript(set string, sources ...string) func() ([]string, error) {
	return func() ([]string, error) {
		java, err := harness.Java().Find()
		if err != nil {
			return nil, err
		}
		javac, err := harness.Javac().Find()
		if err != nil {
			return nil, err
		}
		jars, err := harness.Jars(set)
		if err != nil {
			return nil, err
		}
		classes := harness.Cache("java", set)
		if err := os.MkdirAll(classes, 0o755); err != nil {
			return nil, err
		}
		args := []string{"-nowarn", "-Xlint:none", "-cp", jars, "-d", classes, script("java", "Steps.java")}
		for _, source := range sources {
			args = append(args, script("java", source+".java"))
		}
		cmd := exec.Command(javac, args...)
		if out, err := cmd.CombinedOutput(); err != nil {
			return nil, fmt.Errorf("javac: %w\n%s", err, out)
		}
		return []string{java, "-Xmx1g", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1",
			"-Dorg.slf4j.simpleLogger.defaultLogLevel=warn", "-cp", classes + ":" + jars, sources[0]}, nil
	}
}
