package dump

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/gregor-stream/gregor/test/harness"
)

// TestThePagesCommandsWork types the commands of docs/storage.md and
// docs/dump-log.md as they stand.
func TestThePagesCommandsWork(t *testing.T) {
	binary, err := harness.Binary()
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	if err := os.Symlink(binary, filepath.Join(dir, "gregor")); err != nil {
		t.Fatal(err)
	}
	port, err := harness.FreePort()
	if err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(dir, "server.properties"), fmt.Appendf(nil,
		"process.roles=broker,controller\nnode.id=1\nlisteners=PLAINTEXT://localhost:%d,CONTROLLER://localhost:0\ncontroller.listener.names=CONTROLLER\ncontroller.quorum.voters=1@localhost:9093\nlog.dirs=%s/formatted\n", port, dir))
	b, err := harness.StartGregor(harness.Options{Name: "pages", Dir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = b.Kill() }) // it is stopped below
	l := &live{t, b, t.Context()}
	l.topic("greetings")
	l.must(l.client().ProduceSync(l.ctx, &kgo.Record{Topic: "greetings", Value: []byte("hello")}).FirstErr())
	cl := l.client(kgo.ConsumerGroup("readers"), kgo.ConsumeTopics("greetings"), kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()))
	if errs := cl.PollFetches(l.ctx).Errors(); len(errs) > 0 {
		t.Fatal(errs[0].Err)
	}
	l.must(cl.CommitUncommittedOffsets(l.ctx))
	cl.Close()
	l.must(b.Stop())
	if err := os.Symlink(b.Data(), filepath.Join(dir, "data")); err != nil {
		t.Fatal(err)
	}
	for _, page := range []string{"storage.md", "dump-log.md"} {
		text, err := os.ReadFile(filepath.Join(harness.Root(), "docs", page))
		if err != nil {
			t.Fatal(err)
		}
		typed := 0
		for i, block := range strings.Split(string(text), "```") {
			commands, ok := strings.CutPrefix(block, "sh\n")
			if i%2 == 0 || !ok {
				continue
			}
			for line := range strings.Lines(commands) {
				cmd := exec.Command("sh", "-c", line)
				cmd.Dir = dir
				cmd.Env = append(os.Environ(), "PATH="+dir+string(os.PathListSeparator)+os.Getenv("PATH"))
				if out, err := cmd.CombinedOutput(); err != nil || len(out) == 0 {
					t.Errorf("%s: %s%v\n%.500s", page, line, err, out)
				}
				typed++
			}
		}
		if typed < 6 {
			t.Errorf("%s: only %d commands", page, typed)
		}
	}
}
