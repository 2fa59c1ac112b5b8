package harness

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
)

// clusterID is the cluster id of every Apache Kafka that the proofs format.
const clusterID = "4L6g3nShT-eMCtK--X86sw"

// jvm is a Java command line for a small, quickly started process.
func jvm(heap, set, class string, args ...string) (*exec.Cmd, error) {
	return JVM([]string{
		"-Xmx" + heap, "-XX:MaxDirectMemorySize=3g", // requests of 100 MB
		"-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-Xshare:auto",
	}, set, class, args...)
}

// JVM is a Java command line with these flags of the virtual machine, for a
// class of one set of jars.
func JVM(flags []string, set, class string, args ...string) (*exec.Cmd, error) {
	java, err := Java().Find()
	if err != nil {
		return nil, err
	}
	classPath, err := Jars(set)
	if err != nil {
		return nil, err
	}
	all := append(slices.Clone(flags), "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn", "-cp", classPath, class)
	return exec.Command(java, append(all, args...)...), nil
}

// ShippedJVM is how Kafka's own scripts run a process with this heap: what is
// measured runs as Kafka ships it, what is only asked runs small.
func ShippedJVM(heap ...string) []string {
	return append(slices.Clone(heap), "-server", "-XX:+UseG1GC", "-XX:MaxGCPauseMillis=20",
		"-XX:InitiatingHeapOccupancyPercent=35", "-XX:+ExplicitGCInvokesConcurrent", "-XX:MaxInlineLevel=15")
}

// KafkaTool runs one of Kafka's own command-line classes and returns what it
// printed.
func KafkaTool(class string, args ...string) (string, error) {
	cmd, err := KafkaToolCommand(context.Background(), class, args...)
	if err != nil {
		return "", err
	}
	out, err := cmd.CombinedOutput()
	if err != nil {
		return string(out), fmt.Errorf("%s %v: %w\n%s", class, args, err, out)
	}
	return string(out), nil
}

// KafkaToolCommand is one of Kafka's own command-line classes, to be run.
func KafkaToolCommand(ctx context.Context, class string, args ...string) (*exec.Cmd, error) {
	made, err := jvm("512m", "tools", class, args...)
	if err != nil {
		return nil, err
	}
	return exec.CommandContext(ctx, made.Args[0], made.Args[1:]...), nil
}

// StartKafka starts Apache Kafka, broker and controller in one process, and
// waits until it answers. On a folder that already holds data it is started
// on that data.
func StartKafka(o Options) (*Broker, error) {
	b, err := newBroker("kafka", o)
	if err != nil {
		return nil, err
	}
	set := "broker"
	if o.Old {
		set = "broker-old"
	}
	if err := formatKafka(b, set); err != nil {
		return nil, err
	}
	b.start = func(b *Broker) (*Process, error) {
		file := filepath.Join(b.Dir, "server.properties")
		cmd, err := jvm("2g", set, "kafka.Kafka", file)
		if o.Shipped {
			cmd, err = JVM(ShippedJVM("-Xmx1G", "-Xms1G"), set, "kafka.Kafka", file)
		}
		if err != nil {
			return nil, err
		}
		if o.Classes != "" {
			i := slices.Index(cmd.Args, "-cp")
			cmd.Args[i+1] += string(os.PathListSeparator) + o.Classes
		}
		cmd.Dir = b.Dir
		cmd.Env = append(os.Environ(), o.Env...)
		return startProcess(cmd, filepath.Join(b.Dir, "broker.log"))
	}
	return b, b.Start()
}

// formatKafka formats the broker's log directory unless it is formatted.
func formatKafka(b *Broker, set string) error {
	if _, err := os.Stat(filepath.Join(b.Data(), "meta.properties")); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	cmd, err := jvm("256m", set, "kafka.tools.StorageTool",
		"format", "-t", clusterID, "-c", filepath.Join(b.Dir, "server.properties"))
	if err != nil {
		return err
	}
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("format %s: %w\n%s", b.Data(), err, out)
	}
	return nil
}

// CompileJava compiles one source file against a folder of jars, into another
// folder.
func CompileJava(set, source, into string) error {
	javac, err := Javac().Find()
	if err != nil {
		return err
	}
	classPath, err := Jars(set)
	if err != nil {
		return err
	}
	cmd := exec.Command(javac, "-nowarn", "-proc:none", "-cp", classPath, "-d", into, source)
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("compile %s: %w\n%s", source, err, out)
	}
	return nil
}
