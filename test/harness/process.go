package harness

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"time"
)

// Process is a child that the harness started. Its output goes to a file.
type Process struct {
	cmd  *exec.Cmd
	log  *os.File
	done chan struct{} // closed when the child has ended and was waited for
	err  error         // how it ended; read after done
}

// startProcess runs cmd with its output in logPath (appended).
func startProcess(cmd *exec.Cmd, logPath string) (*Process, error) {
	log, err := os.OpenFile(logPath, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	if err != nil {
		return nil, err
	}
	cmd.Stdout, cmd.Stderr = log, log
	cmd.SysProcAttr = endWithParent()
	if err := cmd.Start(); err != nil {
		return nil, errors.Join(fmt.Errorf("start %s: %w", filepath.Base(cmd.Path), err), log.Close())
	}
	p := &Process{cmd: cmd, log: log, done: make(chan struct{})}
	go func() {
		p.err = cmd.Wait()
		close(p.done)
	}()
	return p, nil
}

// PID is the process id.
func (p *Process) PID() int { return p.cmd.Process.Pid }

// LogPath is the file with everything that the process printed.
func (p *Process) LogPath() string { return p.log.Name() }

// Ended is closed when the process is gone.
func (p *Process) Ended() <-chan struct{} { return p.done }

// ExitCode is the exit code of an ended process, -1 when a signal ended it.
func (p *Process) ExitCode() int {
	<-p.done
	return p.cmd.ProcessState.ExitCode()
}

// Kill ends the process at once, as a crash does, and waits.
func (p *Process) Kill() error {
	_ = p.cmd.Process.Kill() // an ended process is what we want
	<-p.done
	return p.closeLog()
}

// closeLog closes the log once: a process may be ended twice.
func (p *Process) closeLog() error {
	if err := p.log.Close(); !errors.Is(err, os.ErrClosed) {
		return err
	}
	return nil
}

// Ask sends SIGTERM and does not wait.
func (p *Process) Ask() { _ = p.cmd.Process.Signal(syscall.SIGTERM) } // an ended process is what we want

// Terminate asks the process to shut down and waits; after the limit it is
// killed, which is an error.
func (p *Process) Terminate(limit time.Duration) error {
	p.Ask()
	select {
	case <-p.done:
		return p.closeLog()
	case <-time.After(limit):
		return errors.Join(fmt.Errorf("%s (log %s) ignored SIGTERM for %v", filepath.Base(p.cmd.Path), p.LogPath(), limit), p.Kill())
	}
}

// Tail returns the last bytes of the log, for messages.
func (p *Process) Tail(bytes int) string {
	data, err := os.ReadFile(p.LogPath())
	if err != nil {
		return err.Error()
	}
	if len(data) > bytes {
		data = data[len(data)-bytes:]
	}
	return string(data)
}
