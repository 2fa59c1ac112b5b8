// Package steps is what the Go scripts of the conformance table share: a step
// is a function; its answer, its error or the reason why the client cannot do
// it goes out as one line of JSON. Kind: test
package steps

import (
	"crypto/md5"
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"time"
)

// Timestamp is the first record's: 2020-01-01.
const Timestamp = int64(1577836800000)

// Large is a value that makes a request of 100 MiB with its headers.
const Large = 104857600 - 1024

// Limit is how long one step may wait for something.
const Limit = 30 * time.Second

// List is what a script was told and what it prints to.
type List struct {
	Bootstrap string
	Prefix    string
}

// FromArgs reads BOOTSTRAP and PREFIX.
func FromArgs() *List {
	if len(os.Args) < 3 {
		fmt.Fprintln(os.Stderr, "usage: BOOTSTRAP PREFIX")
		os.Exit(2)
	}
	return &List{Bootstrap: os.Args[1], Prefix: os.Args[2]}
}

// Topic makes a name of this run.
func (l *List) Topic(name string) string { return l.Prefix + name }

// Mine keeps the names of this run, sorted by the caller.
func (l *List) Mine(name string) bool { return strings.HasPrefix(name, l.Prefix) }

// Step runs one step and prints its line.
func (l *List) Step(name string, run func() (any, error)) {
	line := map[string]any{"step": name}
	answer, err := run()
	if err != nil {
		line["error"] = "failed"
		fmt.Fprintf(os.Stderr, "%s: %v\n", name, err)
	} else {
		line["answer"] = answer
	}
	l.print(line)
}

// Cannot says why the client has no such step.
func (l *List) Cannot(name, reason string) {
	l.print(map[string]any{"step": name, "cannot": reason})
}

func (l *List) print(line map[string]any) {
	data, err := json.Marshal(line)
	if err != nil {
		panic(err)
	}
	fmt.Println(string(data))
}

// Until repeats check until it says true or the limit is over.
func Until(what string, check func() (bool, error)) error {
	deadline := time.Now().Add(Limit)
	for {
		ok, err := check()
		if err != nil {
			return err
		}
		if ok {
			return nil
		}
		if time.Now().After(deadline) {
			return fmt.Errorf("%s: not within %v", what, Limit)
		}
		time.Sleep(20 * time.Millisecond)
	}
}

// LargeValue has Large bytes.
func LargeValue() []byte {
	return []byte(strings.Repeat("0123456789abcdef", Large/16))
}

// Digest is what a step says of long data.
func Digest(data []byte) string {
	return fmt.Sprintf("%d bytes %x", len(data), md5.Sum(data))
}

// Codecs of the table, in its order.
func Codecs() []string { return []string{"none", "gzip", "snappy", "lz4", "zstd"} }
