// Command gen writes the page of metrics to the file that is named. Kind: tool
package main

import (
	"fmt"
	"os"

	"github.com/gregor-stream/gregor/internal/metrics"
)

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: gen FILE")
		os.Exit(2)
	}
	if err := os.WriteFile(os.Args[1], metrics.Page(), 0o644); err != nil { //nolint:gosec // a page for everybody to read
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
