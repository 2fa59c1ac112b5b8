package gregor_test

import (
	"context"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"
	"go.uber.org/goleak"

	"github.com/gregor-stream/gregor"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func begin(t testing.TB, c gregor.Config) *gregor.Server {
	t.Helper()
	srv, err := gregor.Start(context.Background(), c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := srv.Close(); err != nil {
			t.Error(err)
		}
	})
	return srv
}

// roundTrip writes a record and reads it.
func roundTrip(t *testing.T, srv *gregor.Server, value string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	cl, err := kgo.NewClient(kgo.SeedBrokers(srv.Addr()), kgo.AllowAutoTopicCreation(), kgo.ConsumeTopics("t"))
	if err != nil {
		t.Fatal(err)
	}
	defer cl.Close()
	if err := cl.ProduceSync(ctx, &kgo.Record{Topic: "t", Value: []byte(value)}).FirstErr(); err != nil {
		t.Fatal(err)
	}
	fetches := cl.PollFetches(ctx)
	if err := fetches.Err(); err != nil {
		t.Fatal(err)
	}
	if got := string(fetches.Records()[0].Value); got != value {
		t.Errorf("%s gave %q, want %q", srv.Addr(), got, value)
	}
}

func TestZeroConfigIsAFreeLoopbackPortAndMemory(t *testing.T) {
	t.Chdir(t.TempDir())
	srv := begin(t, gregor.Config{})
	host, port, err := net.SplitHostPort(srv.Addr())
	if err != nil || host != "127.0.0.1" || port == "0" || port == "9092" {
		t.Errorf("the address is %q (%v)", srv.Addr(), err)
	}
	if dirs := srv.DataDirs(); len(dirs) != 0 || !srv.Formatted() {
		t.Errorf("data directories %q, formatted %v", dirs, srv.Formatted())
	}
	roundTrip(t, srv, "x")
	if left, err := os.ReadDir("."); err != nil || len(left) != 0 {
		t.Errorf("files in the current directory: %v (%v)", left, err)
	}
}

func TestDirKeepsTheData(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "a", "b")
	first := begin(t, gregor.Config{Dir: dir})
	roundTrip(t, first, "first")
	if err := first.Close(); err != nil {
		t.Fatal(err)
	}
	again := begin(t, gregor.Config{Dir: dir})
	if again.Formatted() || again.ClusterID() != first.ClusterID() || again.DataDirs()[0] != dir {
		t.Errorf("formatted %v, cluster %s then %s, in %q", again.Formatted(), first.ClusterID(), again.ClusterID(), again.DataDirs())
	}
	roundTrip(t, again, "first") // the oldest record is the one of before
}

func TestFileAndPropertiesWinOverTheDefaults(t *testing.T) {
	base := t.TempDir()
	file := filepath.Join(base, "server.properties")
	text := "listeners=PLAINTEXT://127.0.0.1:0,SECOND://127.0.0.1:0\nlistener.security.protocol.map=PLAINTEXT:PLAINTEXT,SECOND:PLAINTEXT\nlog.dirs=" + base + "/file\n"
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	two := "listeners=PLAINTEXT://127.0.0.1:0,SECOND://127.0.0.1:0"
	protocols := "listener.security.protocol.map=PLAINTEXT:PLAINTEXT,SECOND:PLAINTEXT"
	tests := map[string]struct {
		config    gregor.Config
		dir       string // "": memory
		listeners int
	}{
		"a file":              {gregor.Config{File: file, Dir: base + "/not", Listen: "127.0.0.1:1"}, base + "/file", 2},
		"a property log.dirs": {gregor.Config{Dir: base + "/not", Properties: []string{"log.dirs=" + base + "/p"}}, base + "/p", 1},
		"a property log.dir":  {gregor.Config{Dir: base + "/not", Properties: []string{"log.dir=" + base + "/q"}}, base + "/q", 1},
		"listeners":           {gregor.Config{Listen: "127.0.0.1:1", Properties: []string{two, protocols}}, "", 2},
		"over the file": {gregor.Config{File: file, Properties: []string{"log.dirs=" + base + "/r", "listeners=PLAINTEXT://127.0.0.1:0"}},
			base + "/r", 1},
	}
	for name, c := range tests {
		t.Run(name, func(t *testing.T) {
			srv := begin(t, c.config)
			if dirs := strings.Join(srv.DataDirs(), ","); dirs != c.dir || len(srv.Addrs()) != c.listeners {
				t.Errorf("data in %q, want %q; listens on %q, want %d", dirs, c.dir, srv.Addrs(), c.listeners)
			}
		})
	}
	if _, err := os.Stat(base + "/not"); err == nil {
		t.Error("a directory that nothing uses was made")
	}
}

func TestListenIsTheAddress(t *testing.T) {
	first := begin(t, gregor.Config{Listen: "127.0.0.1:0"})
	_, err := gregor.Start(context.Background(), gregor.Config{Listen: first.Addr()})
	if err == nil || !strings.Contains(err.Error(), first.Addr()) {
		t.Errorf("a second broker on %s: %v", first.Addr(), err)
	}
}

func TestMetadataDirAloneIsRefused(t *testing.T) {
	_, err := gregor.Start(context.Background(), gregor.Config{Properties: []string{"metadata.log.dir=" + t.TempDir()}})
	if err == nil || !strings.Contains(err.Error(), "metadata.log.dir") || !strings.Contains(err.Error(), "Config.Dir") {
		t.Errorf("got %v", err)
	}
}

func TestTwentyBrokersInOneProcess(t *testing.T) {
	servers := make([]*gregor.Server, 20)
	for i := range servers {
		servers[i] = begin(t, gregor.Config{})
	}
	for i, srv := range servers {
		roundTrip(t, srv, fmt.Sprintf("of broker %d", i))
	}
}

func TestStartsAtOnce(t *testing.T) {
	const mark = 20 * time.Millisecond // a test fails at ten times the mark; BenchmarkStart is the measure
	begin(t, gregor.Config{})
	fastest := time.Hour
	for try := 0; try < 3 || fastest > 10*mark && try < 10; try++ { // more where the machine is busy
		before := time.Now()
		begin(t, gregor.Config{})
		fastest = min(fastest, time.Since(before))
	}
	if fastest > 10*mark {
		t.Errorf("the fastest start took %v, the mark is %v", fastest, mark)
	}
}

func BenchmarkStart(b *testing.B) {
	for _, where := range []string{"memory", "disk"} {
		b.Run(where, func(b *testing.B) {
			for b.Loop() {
				b.StopTimer()
				c := gregor.Config{}
				if where == "disk" {
					c.Dir = b.TempDir()
				}
				b.StartTimer()
				srv, err := gregor.Start(context.Background(), c)
				b.StopTimer()
				if err != nil {
					b.Fatal(err)
				}
				if err := srv.Close(); err != nil {
					b.Fatal(err)
				}
				b.StartTimer()
			}
		})
	}
}
