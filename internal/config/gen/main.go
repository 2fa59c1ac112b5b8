// Command gen writes docs/config.md from the table of keys: run it in the
// root of the module with go run ./internal/config/gen. Kind: tool
package main

import (
	"fmt"
	"os"

	"github.com/gregor-stream/gregor/internal/config"
)

func main() {
	if err := os.WriteFile("docs/config.md", []byte(config.Document()), 0o644); err != nil { //nolint:gosec // a page for everybody to read
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
