// Command prove starts Apache Kafka once and runs the proofs of this module
// with it: real clients, the raw protocol, the files on disk. Kind: tool
package main

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"syscall"

	"github.com/gregor-stream/gregor/test/harness"
)

func main() {
	report := flag.String("report", harness.Cache("run", "report"), "folder for counts and what is missing")
	packages := flag.String("packages", "./...", "which proofs")
	limit := flag.String("timeout", "900s", "for each package")
	flag.Parse()
	if err := prove(*report, *packages, *limit); err != nil {
		fmt.Fprintln(os.Stderr, "prove:", err)
		os.Exit(1)
	}
}

func prove(report, packages, limit string) (err error) {
	if err := os.MkdirAll(report, 0o755); err != nil {
		return err
	}
	env := append(os.Environ(), "REPORT="+report, "GREGOR_BINARY="+harness.Cache("bin", "gregor-under-test"))
	kafka, err := harness.StartKafka(harness.Options{Name: "oracle", Properties: harness.Proof()})
	switch {
	case errors.Is(err, harness.ErrMissing):
		fmt.Println("MISSING:", err)
	case err != nil:
		return err
	default:
		env = append(env, "KAFKA_ADDR="+kafka.Addr(), "KAFKA_CONTROLLER="+kafka.ControllerAddr())
		defer func() { err = errors.Join(err, kafka.Remove()) }()
	}
	cmd := exec.Command(filepath.Join(harness.Root(), "test", "gotest.sh"), "real", "test",
		"go", "test", "-p", "2", "-count=1", "-timeout", limit, packages)
	cmd.Env, cmd.Stdout, cmd.Stderr = env, os.Stdout, os.Stderr
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	if err := cmd.Start(); err != nil {
		return err
	}
	go func() {
		<-signals
		_ = syscall.Kill(-cmd.Process.Pid, syscall.SIGTERM) // then Wait returns
	}()
	return cmd.Wait()
}
