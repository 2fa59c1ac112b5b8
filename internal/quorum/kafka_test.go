package quorum

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/gregor-stream/gregor/internal/batch"
	"github.com/gregor-stream/gregor/internal/compress"
	"github.com/gregor-stream/gregor/internal/config"
	"github.com/gregor-stream/gregor/internal/kafka"
	"github.com/gregor-stream/gregor/internal/metadata"
	"github.com/gregor-stream/gregor/internal/vfs"
)

// kafkaDir is a copy of a metadata directory that Apache Kafka 4.4.0 wrote in
// one node with dynamic voters (format --standalone): topics made, changed and
// deleted, configs, quotas, an ACL, SCRAM credentials, three snapshots, a
// restart. Its index files, 10 MiB of zeros, are left out.
func kafkaDir(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	if err := os.CopyFS(dir, os.DirFS("testdata/kafka-4.4.0")); err != nil {
		t.Fatal(err)
	}
	return dir
}

// logOf gives the batches of the one segment in dir.
func logOf(t *testing.T, dir string) []byte {
	t.Helper()
	content, err := os.ReadFile(filepath.Join(dir, logName, "00000000000000000000.log"))
	if err != nil {
		t.Fatal(err)
	}
	return content
}

// replay applies all batches below end.
func replay(t *testing.T, content []byte, end kafka.Offset) *metadata.Image {
	t.Helper()
	pool := new(compress.Pool)
	loader := metadata.NewLoader(metadata.Empty())
	for it := batch.Batches(content); it.Next(); {
		b := it.Batch()
		if b.NextOffset() > end {
			break
		}
		if b.Control() {
			if _, err := decodeControl(pool, b); err != nil {
				t.Fatal(err)
			}
			loader.At(b.NextOffset(), b.LeaderEpoch())
			continue
		}
		records, err := decodeRecords(pool, b)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := loader.Apply(b.BaseOffset(), b.LeaderEpoch(), records); err != nil {
			t.Fatal(err)
		}
	}
	return loader.Image()
}

func TestKafkasSnapshotsAreTheImagesOfItsLog(t *testing.T) {
	dir := kafkaDir(t)
	content := logOf(t, dir)
	ids, err := listCheckpoints(vfs.OS{}, filepath.Join(dir, logName))
	if err != nil || len(ids) != 4 {
		t.Fatalf("%d snapshots, %v; want 4", len(ids), err)
	}
	for _, id := range ids[1:] {
		c, err := readCheckpoint(vfs.OS{}, new(compress.Pool), filepath.Join(dir, logName), id)
		if err != nil {
			t.Fatal(err)
		}
		fromSnapshot, _, err := metadata.Empty().Apply(0, id.epoch, c.records)
		if err != nil {
			t.Fatal(err)
		}
		fromLog := replay(t, content, id.end)
		if fromLog.Offset != id.end || fromLog.Epoch != id.epoch {
			t.Errorf("%s: the log gives offset %d of epoch %d", id.file(), fromLog.Offset, fromLog.Epoch)
		}
		if d := metadata.Diff(fromSnapshot, fromLog); !d.IsEmpty() {
			t.Errorf("%s: Kafka's snapshot and its log differ here: %+v", id.file(), d)
		}
		if c.members.version != 1 || len(c.members.voters) != 1 || c.members.voters[0].ID != 1 {
			t.Errorf("%s: voters are %+v", id.file(), c.members)
		}
	}
}

func TestOurSnapshotHasWhatKafkasHas(t *testing.T) {
	dir := kafkaDir(t)
	id := snapshotID{end: 66, epoch: 2}
	c, err := readCheckpoint(vfs.OS{}, new(compress.Pool), filepath.Join(dir, logName), id)
	if err != nil {
		t.Fatal(err)
	}
	img := replay(t, logOf(t, dir), id.end)
	ours := framed(slices.Collect(img.Records()))
	theirs := framed(c.records)
	if diff := cmp.Diff(theirs, ours); diff != "" {
		t.Errorf("records of the snapshot (-Kafka +ours):\n%s", diff)
	}
}

// framed is the records' bytes, sorted: Kafka's order is that of hash maps.
// Lists in the registrations of nodes are too, so those are compared as images.
func framed(records []metadata.Record) []string {
	var out []string
	for _, r := range records {
		if !strings.HasPrefix(r.Message.MessageName(), "Register") && r.Message.MessageName() != "ClientQuotaRecord" {
			out = append(out, r.Message.MessageName()+" "+string(r.AppendTo(nil)))
		}
	}
	slices.Sort(out)
	return out
}

func TestOpensTheDirectoryThatKafkaWrote(t *testing.T) {
	for _, withSnapshots := range []bool{true, false} {
		dir := kafkaDir(t)
		if !withSnapshots {
			for _, name := range []string{"00000000000000000027-0000000001", "00000000000000000048-0000000001", "00000000000000000066-0000000002"} {
				if err := os.Remove(filepath.Join(dir, logName, name+checkpointSuffix)); err != nil {
					t.Fatal(err)
				}
			}
		}
		want := replay(t, logOf(t, dir), 1<<40)
		q := start(t, testConfig(t, vfs.OS{}, dir))
		img := q.Image()
		if d := metadata.Diff(want, img); !d.IsEmpty() {
			t.Errorf("the image differs from the log: %+v", d)
		}
		checkKafkaImage(t, img)
		s := q.Status()
		if s.Leader != 1 || s.LeaderEpoch != 3 || s.KRaftVersion != 1 || len(s.Voters) != 1 || s.HighWatermark != want.Offset+1 {
			t.Errorf("status %+v, the log ended at %d", s, want.Offset)
		}
		if s.Voters[0].DirectoryID.IsZero() || s.Voters[0].Endpoints[0].Port != 29193 {
			t.Errorf("voter %+v", s.Voters[0])
		}
		mustCreateOn(t, q, "more")
		mustClose(t, q)
		q = start(t, testConfig(t, vfs.OS{}, dir))
		if _, ok := q.Image().Topics.ByName("more"); !ok {
			t.Error("the topic made by us is gone after a restart")
		}
		mustClose(t, q)
	}
}

// mustCreateOn makes a topic in Kafka's directory, whose broker is fenced.
func mustCreateOn(t *testing.T, q *Quorum, name string) {
	t.Helper()
	b, ok := q.Image().Cluster.Broker(1)
	if !ok {
		t.Fatal("Kafka's broker is not registered")
	}
	registerAs(t, q, q.cfg.Env.ClusterID, b.LogDirs[0])
	mustCreate(t, q, name, 3)
}

func checkKafkaImage(t *testing.T, img *metadata.Image) {
	t.Helper()
	var names []string
	for topic := range img.Topics.All() {
		names = append(names, topic.Name)
	}
	if !slices.Equal(names, []string{"alpha", "gamma"}) || img.Topics.NumPartitions() != 7 {
		t.Errorf("topics %v with %d partitions", names, img.Topics.NumPartitions())
	}
	topic := metadata.Resource{Type: config.ResourceTopic, Name: "alpha"}
	if v, _ := img.Configs.Get(topic, "max.message.bytes"); v != "2000000" {
		t.Errorf("max.message.bytes of alpha is %q", v)
	}
	if v, _ := img.Configs.Get(metadata.Resource{Type: config.ResourceBroker}, "log.cleaner.threads"); v != "2" {
		t.Errorf("log.cleaner.threads is %q", v)
	}
	alice := metadata.QuotaEntity{User: metadata.QuotaName{Set: true, Name: "alice"}}
	if v, _ := img.Quotas.Get(alice, "producer_byte_rate"); v != 1000 {
		t.Errorf("producer_byte_rate of alice is %v", v)
	}
	alice.ClientID = metadata.QuotaName{Set: true, Default: true}
	if v, _ := img.Quotas.Get(alice, "consumer_byte_rate"); v != 2000 {
		t.Errorf("consumer_byte_rate of alice's clients is %v", v)
	}
	if c, ok := img.Scram.Get(metadata.ScramUser{Name: "carol", Mechanism: metadata.ScramSHA512}); !ok || c.Iterations != 4096 {
		t.Errorf("carol's credential %+v", c)
	}
	if img.ACLs.Len() != 1 {
		t.Errorf("%d ACLs", img.ACLs.Len())
	}
	if level, ok := img.MetadataLevel(); !ok || int16(level) != metadata.LatestMetadataVersion {
		t.Errorf("metadata.version %d", level)
	}
	for name, level := range map[string]int16{
		metadata.GroupVersion: 1, metadata.TransactionVersion: 2, metadata.ShareVersion: 2,
		metadata.StreamsVersion: 1, metadata.EligibleLeaderReplicas: 1,
	} {
		if got := img.Features.Level(name); got != level {
			t.Errorf("%s is %d, want %d", name, got, level)
		}
	}
	if _, ok := img.Cluster.Controller(1); !ok {
		t.Error("the controller is not registered")
	}
}

func TestBootstrapRecordsAreKafkas(t *testing.T) {
	c, err := readCheckpoint(vfs.OS{}, new(compress.Pool), filepath.Join("testdata/kafka-4.4.0", logName), snapshotID{})
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	if err := Format(vfs.OS{}, dir, FormatOptions{Now: time.Now(), Voters: c.members.voters}); err != nil {
		t.Fatal(err)
	}
	ours, err := readCheckpoint(vfs.OS{}, new(compress.Pool), filepath.Join(dir, logName), snapshotID{})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(c.records, ours.records); diff != "" {
		t.Errorf("bootstrap records (-Kafka +ours):\n%s", diff)
	}
	if diff := cmp.Diff(c.members.voters, ours.members.voters); diff != "" {
		t.Errorf("bootstrap voters (-Kafka +ours):\n%s", diff)
	}
}
