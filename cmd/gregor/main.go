// Command gregor is a Kafka broker in one file, and Kafka's commands. Kind: face
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"

	"github.com/gregor-stream/gregor/internal/cli"
	"github.com/gregor-stream/gregor/internal/cli/command"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // a second signal ends the process at once
	os.Exit(cli.Main(ctx, os.Args[0], os.Args[1:], command.Standard()))
}
