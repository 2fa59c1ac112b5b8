package logdir

import (
	"errors"
	"io/fs"
	"maps"
	"strings"
	"testing"

	"github.com/gregor-stream/gregor/internal/kafka"
	"github.com/gregor-stream/gregor/internal/vfs"
)

func disk(t testing.TB, files map[string]string) *vfs.Mem {
	t.Helper()
	m := vfs.NewMem(nil)
	must(t, m.Mkdir("/d"))
	for name, content := range files {
		must(t, m.MkdirAll(vfs.Dir(vfs.Join("/d", name))))
		must(t, vfs.WriteFile(m, vfs.Join("/d", name), []byte(content)))
	}
	return m
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func TestMetaOfKafkaIsRead(t *testing.T) {
	m, err := ReadMeta(vfs.OS{}, "../testdata/kafka44")
	must(t, err)
	if m.Version != 1 || m.NodeID != 7 || m.ClusterID != "4L6g3nShT-eMCtK--X8777" || m.DirectoryID.String() != "GhGc8LRZPELurIVVQPpzRg" {
		t.Fatalf("%+v", m)
	}
	d := disk(t, nil)
	must(t, WriteMeta(d, "/d", m, "Sat Nov 21 07:43:22 UTC 2026"))
	if again, err := ReadMeta(d, "/d"); err != nil || again != m {
		t.Fatalf("%+v %v", again, err)
	}
	kafkas, err := vfs.ReadFile(vfs.OS{}, "../testdata/kafka44/meta.properties", 1000)
	must(t, err)
	if ours, err := vfs.ReadFile(d, "/d/"+MetaFile, 1000); err != nil || string(ours) != string(kafkas) {
		t.Errorf("%v\n%s, Kafka wrote\n%s", err, ours, kafkas)
	}
	m.ClusterID = " a=b:c#\\é"
	must(t, WriteMeta(d, "/d", m, ""))
	if again, err := ReadMeta(d, "/d"); err != nil || again != m {
		t.Fatalf("%+v %v", again, err)
	}
}

func TestMetaIsChecked(t *testing.T) {
	good := Meta{Version: 1, ClusterID: "c", NodeID: 3}
	for _, c := range []struct {
		name    string
		meta    Meta
		cluster string
		node    kafka.NodeID
		want    string
	}{
		{"same", good, "c", 3, ""},
		{"any cluster", good, "", 3, ""},
		{"another cluster", good, "x", 3, "/d/meta.properties belongs to cluster c, but this node is of cluster x: set another log.dirs, or remove the directory if its data is not wanted"},
		{"another node", good, "c", 4, "/d/meta.properties belongs to node.id 3, but this is node.id 4: set node.id=3, or another log.dirs"},
		{"ZooKeeper", Meta{Version: 0, ClusterID: "c", NodeID: 3}, "c", 3, "/d/meta.properties has version 0, of a cluster with ZooKeeper: migrate it to KRaft with Apache Kafka 3.9 first"},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := ""
			if err := c.meta.Check("/d", c.cluster, c.node); err != nil {
				got = strings.TrimPrefix(err.Error(), "INCONSISTENT_CLUSTER_ID: ")
			}
			if got != c.want {
				t.Errorf("%q, want %q", got, c.want)
			}
		})
	}
}

func TestMetaErrorsNameTheLine(t *testing.T) {
	for _, c := range []struct{ content, want string }{
		{"version=x\n", "line 1"}, {"\n# c\nnode.id\n", "line 3"}, {"version=1\n", "are missing"},
		{"version=1\ndirectory.id=short", "line 2"},
	} {
		d := disk(t, map[string]string{MetaFile: c.content})
		if _, err := ReadMeta(d, "/d"); err == nil || !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), MetaFile) {
			t.Errorf("%q: %v, want %s", c.content, err, c.want)
		}
	}
	if _, err := ReadMeta(disk(t, nil), "/d"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("no file: %v", err)
	}
}

func TestOffsets(t *testing.T) {
	d := disk(t, map[string]string{"empty": "", "bad": "0\n1\norders 0 x\n", "negative": "0\n1\norders 0 -1\n"})
	for _, name := range []string{"/d/none", "/d/empty"} {
		if got, err := ReadOffsets(d, name); err != nil || len(got) != 0 {
			t.Errorf("%s: %v %v", name, got, err)
		}
	}
	for _, name := range []string{"/d/bad", "/d/negative"} {
		if _, err := ReadOffsets(d, name); err == nil || !strings.Contains(err.Error(), name+": line 3") {
			t.Errorf("%s: %v", name, err)
		}
	}
	want := map[kafka.TopicPartition]kafka.Offset{{Topic: "b", Partition: 10}: 5, {Topic: "b", Partition: 2}: 1 << 40, {Topic: "a"}: 0}
	must(t, WriteOffsets(d, "/d/o", want))
	data, err := vfs.ReadFile(d, "/d/o", 1000)
	must(t, err)
	if string(data) != "0\n3\na 0 0\nb 2 1099511627776\nb 10 5\n" {
		t.Fatalf("%q", data)
	}
	got, err := ReadOffsets(d, "/d/o")
	if err != nil || !maps.Equal(got, want) {
		t.Fatalf("%v %v", got, err)
	}
}

func TestCleanShutdown(t *testing.T) {
	d := disk(t, nil)
	if clean, _, err := ReadClean(d, "/d"); clean || err != nil {
		t.Fatalf("%v %v", clean, err)
	}
	must(t, WriteClean(d, "/d", 12))
	data, err := vfs.ReadFile(d, "/d/"+CleanFile, 100)
	must(t, err)
	if string(data) != `{"version":0,"brokerEpoch":12}` {
		t.Fatalf("%s", data)
	}
	if clean, epoch, err := ReadClean(d, "/d"); !clean || epoch != 12 || err != nil {
		t.Fatalf("%v %d %v", clean, epoch, err)
	}
	must(t, RemoveClean(d, "/d"))
	must(t, RemoveClean(d, "/d"))
	if clean, _, err := ReadClean(d.CrashClone(nil), "/d"); err != nil || clean {
		t.Fatalf("the mark comes back: %v %v", clean, err)
	}
	must(t, vfs.WriteFile(d, "/d/"+CleanFile, nil)) // of an older Kafka
	if clean, epoch, err := ReadClean(d, "/d"); !clean || epoch != -1 || err != nil {
		t.Fatalf("%v %d %v", clean, epoch, err)
	}
}

func TestPartitionNames(t *testing.T) {
	id := kafka.UUID{0xab, 15: 1}
	const hex = "ab000000000000000000000000000001"
	for _, c := range []struct {
		name  string
		topic string
		n     int32
		state State
	}{
		{"orders-0", "orders", 0, Live},
		{"a-b.c_d-17", "a-b.c_d", 17, Live},
		{"a.b-1." + hex + "-delete", "a.b", 1, Delete},
		{"a-1." + hex + "-future", "a", 1, Future},
		{"a-1." + hex + "-stray", "a", 1, Stray},
	} {
		p, err := ParsePartition(c.name)
		if err != nil || p.Topic != c.topic || p.Partition != c.n || p.State != c.state || p.Name != c.name {
			t.Errorf("%s: %+v %v", c.name, p, err)
		}
		if again := Rename(p.TopicPartition, id, c.state); again != c.name {
			t.Errorf("%s: made %s", c.name, again)
		}
	}
	for _, name := range []string{"orders", "-1", "orders-", "orders-x", "orders-1-delete", "orders-1.abc-delete", "orders-99999999999"} {
		if p, err := ParsePartition(name); err == nil {
			t.Errorf("%s: %+v", name, p)
		}
	}
	long := strings.Repeat("x", 249)
	if name := Rename(kafka.TopicPartition{Topic: long, Partition: 1}, id, Delete); len(name) != 255 {
		t.Errorf("a name of %d bytes", len(name))
	}
}

func TestScan(t *testing.T) {
	d := disk(t, map[string]string{
		"orders-0/x": "", "orders-1/x": "", "__cluster_metadata-0/x": "", "lost+found/x": "", ".hidden/x": "", "meta.properties": "",
	})
	found, err := Scan(d, "/d")
	must(t, err)
	if len(found) != 2 || found[0].Name != "orders-0" || found[1].Partition != 1 {
		t.Fatalf("%+v", found)
	}
	must(t, d.Mkdir("/d/holiday photos"))
	if _, err := Scan(d, "/d"); err == nil || !strings.Contains(err.Error(), "/d/holiday photos") {
		t.Fatalf("%v", err)
	}
}

func TestTopicID(t *testing.T) {
	d := disk(t, nil)
	id := kafka.TopicID{1, 15: 2}
	if got, err := ReadTopicID(d, "/d"); err != nil || !got.IsZero() {
		t.Fatalf("%v %v", got, err)
	}
	must(t, WriteTopicID(d, "/d", id))
	whole, err := vfs.ReadFile(d, "/d/"+PartitionFile, 100)
	must(t, err)
	if string(whole) != "version: 0\ntopic_id: "+id.String() {
		t.Fatalf("%q", whole)
	}
	if got, err := ReadTopicID(d, "/d"); err != nil || got != id {
		t.Fatalf("%v %v", got, err)
	}
	for n := range whole { // a loss of power leaves a part of it
		must(t, vfs.WriteFile(d, "/d/"+PartitionFile, whole[:n]))
		if got, err := ReadTopicID(d, "/d"); err != nil || !got.IsZero() {
			t.Fatalf("%d bytes: %v %v", n, got, err)
		}
	}
	for _, bad := range []string{"version: x\n", "version: -1\ntopic_id: " + id.String(), "version: 0\nid: 7", "version: 0\ntopic_id: AAAAAAAAAAAAAAAAAAAAAA", "version: 0\ntopic_id: tooshort\n"} {
		must(t, vfs.WriteFile(d, "/d/"+PartitionFile, []byte(bad)))
		if _, err := ReadTopicID(d, "/d"); err == nil || !strings.Contains(err.Error(), PartitionFile+": line ") {
			t.Errorf("%q: %v", bad, err)
		}
	}
}

func TestLockNamesTheDirectory(t *testing.T) {
	d := disk(t, nil)
	lock, err := Lock(d, "/d")
	must(t, err)
	if _, err := Lock(d, "/d"); !errors.Is(err, vfs.ErrLocked) || !strings.Contains(err.Error(), "/d is in use") {
		t.Fatalf("%v", err)
	}
	must(t, lock.Close())
}

func FuzzFiles(f *testing.F) {
	f.Add([]byte("version=1\ncluster.id=c\nnode.id=1\n"))
	f.Add([]byte("0\n1\na 0 5\n"))
	f.Add([]byte("version: 0\ntopic_id: AQAAAAAAAAAAAAAAAAAAAg"))
	f.Fuzz(func(t *testing.T, data []byte) {
		d := disk(t, map[string]string{MetaFile: string(data), "o": string(data), PartitionFile: string(data), CleanFile: string(data)})
		if m, err := ReadMeta(d, "/d"); err == nil && m.Version == 1 && m.NodeID < 0 {
			t.Error("a formatted directory without a node")
		}
		if offsets, err := ReadOffsets(d, "/d/o"); err == nil {
			for tp, o := range offsets {
				if o < 0 || tp.Partition < 0 {
					t.Errorf("%v %d", tp, o)
				}
			}
		}
		_, _ = ReadTopicID(d, "/d")
		if _, _, err := ReadClean(d, "/d"); err != nil && len(data) < maxCleanBytes {
			t.Error(err)
		}
	})
}
