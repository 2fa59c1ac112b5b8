package main

import (
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"github.com/gregor-stream/gregor/test/harness"
)

func main() {
	b, err := harness.StartKafka(harness.Options{Name: os.Args[1], Properties: harness.Proof()})
	if err != nil {
		panic(err)
	}
	fmt.Println(b.Addr(), b.Dir)
	c := make(chan os.Signal, 1)
	signal.Notify(c, syscall.SIGTERM, syscall.SIGINT)
	<-c
	b.Remove()
}
