// Command history checks a history of clients, as lines of JSON, and says what
// no correct log would have done: `go run ./cmd/history FILE...`. It ends with
// 1 if the history is not valid, with 2 if it is none. Kind: tool
package main

import (
	"flag"
	"fmt"
	"os"

	"github.com/gregor-stream/gregor/test/history"
)

func main() {
	var o history.Options
	flag.BoolVar(&o.WriteWrite, "ww", false, "also draw edges between the writers of neighbours")
	flag.BoolVar(&o.ReadWrite, "rw", false, "also draw edges from a read to the next write (told, and let pass)")
	flag.BoolVar(&o.Uncommitted, "uncommitted", false, "the consumers read uncommitted records")
	flag.BoolVar(&o.Strict, "strict", false, "let nothing pass")
	asJSON := flag.Bool("json", false, "print the verdict as JSON")
	flag.Usage = func() {
		fmt.Fprintln(os.Stderr, "usage: go run ./cmd/history [flags] FILE...\nSeveral files are one history, ordered by time.")
		flag.PrintDefaults()
	}
	flag.Parse()
	if flag.NArg() == 0 {
		flag.Usage()
		os.Exit(2)
	}
	valid, err := check(o, *asJSON, flag.Args())
	switch {
	case err != nil:
		fmt.Fprintln(os.Stderr, "history:", err)
		os.Exit(2)
	case !valid:
		os.Exit(1)
	}
}

func check(o history.Options, asJSON bool, paths []string) (bool, error) {
	ops, err := history.ReadFiles(paths...)
	if err != nil {
		return false, err
	}
	v, err := history.Check(ops, o)
	if err != nil {
		return false, err
	}
	if asJSON {
		return v.Valid, v.WriteJSON(os.Stdout)
	}
	return v.Valid, v.Print(os.Stdout)
}
