//go:build linux

package disk

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/gregor-stream/gregor/test/harness"
)

// mount is a mount namespace of its own with small volumes in it, which lives
// as long as a process that holds it: a broker is entered into it, killed, and
// entered again.
type mount struct {
	pid  int
	user bool // it has a user namespace, because the test is not root
}

// volumes makes one volume in memory for each size, at dir/0, dir/1 ...
func volumes(t *testing.T, dir string, sizes ...string) *mount {
	t.Helper()
	m := &mount{user: os.Getuid() != 0}
	script := "set -e\n"
	for i, size := range sizes {
		at := filepath.Join(dir, strconv.Itoa(i))
		if err := os.MkdirAll(at, 0o755); err != nil {
			t.Fatal(err)
		}
		script += fmt.Sprintf("mount -t tmpfs -o size=%s tmpfs '%s'\n", size, at)
	}
	args := []string{"--mount"}
	if m.user {
		args = append(args, "--map-root-user")
	}
	cmd := exec.Command("unshare", append(args, "sh", "-c", script+"echo ready\nexec sleep 1800")...)
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	out, err := cmd.StdoutPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		harness.Missing(t, errors.Join(harness.ErrMissing, err))
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	})
	if line, err := bufio.NewReader(out).ReadString('\n'); err != nil || line != "ready\n" {
		harness.Missing(t, fmt.Errorf("%w: no volume can be mounted in a namespace (%q, %w)", harness.ErrMissing, line, err))
	}
	m.pid = cmd.Process.Pid
	return m
}

// path is where the test sees a path of the namespace.
func (m *mount) path(name string) string { return fmt.Sprintf("/proc/%d/root%s", m.pid, name) }

// broker starts a broker in the namespace.
func (m *mount) broker(t *testing.T, name string, properties map[string]string) *harness.Broker {
	t.Helper()
	binary, err := harness.Binary()
	if err != nil {
		t.Fatal(err)
	}
	b, err := harness.StartProgram("gregor", harness.Options{Name: name, Properties: properties}, func(b *harness.Broker) *exec.Cmd {
		args := []string{"--target", strconv.Itoa(m.pid), "--mount"}
		if m.user {
			args = append(args, "--user", "--preserve-credentials")
		}
		return exec.Command("nsenter", append(args, binary, "start", filepath.Join(b.Dir, "server.properties"))...)
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = b.Remove() })
	return b
}

func blunt(t *testing.T, b *harness.Broker) *kgo.Client {
	t.Helper()
	cl, err := kgo.NewClient(kgo.SeedBrokers(b.Addr()), kgo.RecordRetries(0), kgo.RequestRetries(3), kgo.DisableIdempotentWrite(),
		kgo.ProducerLinger(0), kgo.ProducerBatchCompression(kgo.NoCompression()), kgo.RecordPartitioner(kgo.ManualPartitioner()))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(cl.Close)
	return cl
}

func put(t *testing.T, cl *kgo.Client, topic string, partition int32, value string) error {
	t.Helper()
	for range 10 {
		err := cl.ProduceSync(limited(t), &kgo.Record{Topic: topic, Partition: partition, Value: []byte(value)}).FirstErr()
		if !errors.Is(err, kgo.ErrRecordRetries) { // the connection ended with the broker before, or the leader is new
			return err
		}
		time.Sleep(100 * time.Millisecond)
	}
	return kgo.ErrRecordRetries
}

// fillUp writes until the disk is full, and adds what was taken.
func fillUp(t *testing.T, cl *kgo.Client, topic string, taken []string) []string {
	t.Helper()
	for i := range 10_000 {
		value := fmt.Sprintf("%06d%s", len(taken), strings.Repeat("x", 100_000))
		switch err := put(t, cl, topic, 0, value); {
		case err == nil:
			taken = append(taken, value)
		case errors.Is(err, kerr.KafkaStorageError):
			t.Logf("full after %d more records of 100 KB", i)
			return taken
		default:
			t.Fatalf("a full disk refuses with %v", err)
		}
	}
	t.Fatal("the disk is never full")
	return nil
}

// resume waits until records are taken again.
func resume(t *testing.T, cl *kgo.Client, topic, what string, taken []string) []string {
	t.Helper()
	const mark = 5 * time.Second
	began := time.Now()
	for {
		err := put(t, cl, topic, 0, "again")
		if took := time.Since(began); err == nil {
			t.Logf("%s: records are taken again after %v", what, took.Round(time.Millisecond))
			return append(taken, "again")
		} else if took > 10*mark {
			t.Fatalf("%s: after %v: %v", what, took, err)
		}
		time.Sleep(50 * time.Millisecond)
	}
}

func values(t *testing.T, b *harness.Broker, topic string) []string {
	t.Helper()
	cl, err := kgo.NewClient(kgo.SeedBrokers(b.Addr()), kgo.ConsumePartitions(map[string]map[int32]kgo.Offset{topic: {0: kgo.NewOffset().AtStart()}}))
	if err != nil {
		t.Fatal(err)
	}
	defer cl.Close()
	ends, err := kadm.NewClient(cl).ListEndOffsets(limited(t), topic)
	if err != nil {
		t.Fatal(err)
	}
	end, _ := ends.Lookup(topic, 0)
	var got []string
	for next := int64(0); next < end.Offset; {
		fetches := cl.PollFetches(limited(t))
		if err := fetches.Err(); err != nil {
			t.Fatalf("read %s from %d to %d: %v", topic, next, end.Offset, err)
		}
		fetches.EachRecord(func(r *kgo.Record) { got, next = append(got, string(r.Value)), r.Offset+1 })
	}
	return got
}

// TestFullDisk fills a real volume: records are refused, the rest goes on, also
// over kill -9 and a clean stop, and records are taken again when there is room.
func TestFullDisk(t *testing.T) {
	dir := t.TempDir()
	m := volumes(t, dir, "64m")
	b := m.broker(t, "full", map[string]string{"log.dirs": dir + "/0/data", "log.segment.bytes": "4194304"})
	cl := blunt(t, b)
	adm := kadm.NewClient(cl)
	topic := func(name string, configs map[string]*string) {
		t.Helper()
		if _, err := adm.CreateTopic(limited(t), 1, 1, configs, name); err != nil {
			t.Fatal(err)
		}
	}
	topic("t", nil)
	topic("old", nil)
	for range 100 {
		if err := put(t, cl, "old", 0, strings.Repeat("o", 100_000)); err != nil {
			t.Fatal(err)
		}
	}
	commit := func(at int64) error {
		var o kadm.Offsets
		o.AddOffset("t", 0, at, -1)
		ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
		defer cancel()
		return adm.CommitAllOffsets(ctx, "g", o)
	}
	if err := commit(5); err != nil {
		t.Fatal(err)
	}
	taken := fillUp(t, cl, "t", nil)
	check := func(when string) {
		t.Helper()
		if got := values(t, b, "t"); !slices.Equal(got, taken) {
			t.Errorf("%s: %d records are there, %d were taken", when, len(got), len(taken))
		}
		if err := put(t, cl, "t", 0, "x"); !errors.Is(err, kerr.KafkaStorageError) {
			t.Errorf("%s: a record is answered %v", when, err)
		}
	}
	check("full")
	if log, err := os.ReadFile(b.Process().LogPath()); err != nil || strings.Count(string(log), "is full: records are refused") != 1 {
		t.Errorf("the log says %d times that the disk is full, %v", strings.Count(string(log), "is full: records are refused"), err)
	}
	if err := commit(6); err == nil {
		t.Error("a full disk takes a group's offset")
	}
	soon := "1000"
	topic("new", map[string]*string{"retention.ms": &soon})
	for _, end := range []struct {
		name string
		how  func() error
	}{{"kill -9", b.Kill}, {"clean stop", b.Stop}, {"kill -9 again", b.Kill}} {
		if err := end.how(); err != nil {
			t.Fatal(err)
		}
		if err := b.Start(); err != nil {
			t.Fatalf("start on a full disk after %s: %v", end.name, err)
		}
		check("after " + end.name)
	}
	if _, err := adm.DeleteTopic(limited(t), "old"); err != nil {
		t.Fatal(err)
	}
	taken = resume(t, cl, "t", "a topic is deleted", taken)
	if err := commit(7); err != nil {
		t.Error(err)
	}
	taken = fillUp(t, cl, "t", taken)
	check("full again")
	keep := "20000000"
	if _, err := adm.AlterTopicConfigs(limited(t), []kadm.AlterConfig{{Name: "retention.bytes", Value: &keep}}, "t"); err != nil {
		t.Fatal(err)
	}
	taken = resume(t, cl, "t", "the retention is lowered", taken)
	got := values(t, b, "t")
	if len(got) < 100 || !slices.Equal(got, taken[len(taken)-len(got):]) {
		t.Errorf("%d records are left, of %d", len(got), len(taken))
	}
	if _, err := os.Stat(m.path(dir + "/0/data/.gregor-reserve")); err != nil {
		t.Errorf("the reserve is not taken again: %v", err)
	}
}

// TestFailedDirectories takes one of three directories away while the broker
// runs, and one before it starts.
func TestFailedDirectories(t *testing.T) {
	dir := t.TempDir()
	var dirs []string
	for _, d := range []string{"a", "b", "c"} {
		dirs = append(dirs, filepath.Join(dir, d))
	}
	b, err := harness.StartGregor(harness.Options{Name: "jbod", Properties: map[string]string{"log.dirs": strings.Join(dirs, ",")}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = b.Remove() })
	cl := blunt(t, b)
	if _, err := kadm.NewClient(cl).CreateTopic(limited(t), 6, 1, nil, "t"); err != nil {
		t.Fatal(err)
	}
	for n := range int32(6) {
		if err := put(t, cl, "t", n, "before"); err != nil {
			t.Fatal(err)
		}
	}
	state := func() (lost, served []int32) {
		for n := range int32(6) {
			switch err := put(t, cl, "t", n, "after"); {
			case err == nil:
				served = append(served, n)
			case errors.Is(err, kerr.KafkaStorageError), errors.Is(err, kerr.LeaderNotAvailable), errors.Is(err, kgo.ErrRecordRetries):
				lost = append(lost, n)
			default:
				t.Fatalf("partition %d: %v", n, err)
			}
		}
		return lost, served
	}
	in := func(d string) (list []int32) {
		for n := range int32(6) {
			if _, err := os.Stat(filepath.Join(d, fmt.Sprintf("t-%d", n))); err == nil {
				list = append(list, n)
			}
		}
		return list
	}
	wantB := in(dirs[1])
	if len(wantB) != 2 {
		t.Fatalf("%s has the partitions %v", dirs[1], wantB)
	}
	away := dirs[1] + ".away"
	if err := os.Rename(dirs[1], away); err != nil {
		t.Fatal(err)
	}
	for deadline := time.Now().Add(50 * time.Second); ; time.Sleep(100 * time.Millisecond) {
		lost, served := state()
		if slices.Equal(lost, wantB) && len(served) == 4 {
			break
		}
		if time.Now().After(deadline) {
			t.Fatalf("lost %v, served %v; %v was taken away", lost, served, wantB)
		}
	}
	if err := b.Stop(); err != nil {
		t.Errorf("the stop: %v", err)
	}
	if err := os.Rename(away, dirs[1]); err != nil {
		t.Fatal(err)
	}
	// Now the third, before the start: a file is in its place.
	if err := os.Rename(dirs[2], dirs[2]+".away"); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(dirs[2], nil, 0o644); err != nil {
		t.Fatal(err)
	}
	if err := b.Start(); err != nil {
		t.Fatal(err)
	}
	if lost, served := state(); !slices.Equal(lost, in(dirs[2]+".away")) || len(served) != 4 {
		t.Errorf("lost %v, served %v; %v is not there", lost, served, in(dirs[2]+".away"))
	}
	// The metadata's own: the broker ends, and says why.
	if err := os.Rename(dirs[0], dirs[0]+".away"); err != nil {
		t.Fatal(err)
	}
	select {
	case <-b.Process().Ended():
	case <-time.After(50 * time.Second):
		t.Fatal("the broker goes on without its metadata")
	}
	if log := b.Process().Tail(4000); !strings.Contains(log, "which holds the metadata, has failed") {
		t.Errorf("it ended with\n%s", log)
	}
}
