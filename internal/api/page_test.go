package api

import (
	"bytes"
	"os"
	"testing"

	"github.com/gregor-stream/gregor/internal/msg"
)

// everyClient stands for a broker that shows clients' metrics.
type everyClient struct{ Telemetry }

// TestProtocolPageIsCurrent compares docs/protocol.md with the routes; with
// UPDATE=1 in the environment it writes the page.
func TestProtocolPageIsCurrent(t *testing.T) {
	const path = "../../docs/protocol.md"
	var served []msg.Served
	h := &Handlers{Deps: Deps{Telemetry: everyClient{}}} // the page says when it is
	table := newTable(h.routes())
	for _, r := range table.all(false) {
		served = append(served, msg.Served{Key: r.key, Oldest: r.min, Newest: r.max})
	}
	want := msg.ProtocolPage(served)
	if os.Getenv("UPDATE") != "" {
		if err := os.WriteFile(path, want, 0o644); err != nil { //nolint:gosec // a page for everybody
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("%s is not what the routes say: UPDATE=1 go test ./internal/api -run ProtocolPage", path)
	}
}
