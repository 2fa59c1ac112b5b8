// Command gregor is a Kafka broker in one file. Kind: face
package main

import (
	"context"
	"os"

	"github.com/gregor-stream/gregor/internal/cli"
)

func main() {
	os.Exit(cli.Main(context.Background(), os.Args[1:], os.Stdout, os.Stderr))
}
