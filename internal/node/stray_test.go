package node

import (
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/gregor-stream/gregor/internal/vfs"
)

// tree is the content of all files below a directory, by path.
func tree(t testing.TB, fsys vfs.FS, dir string) map[string]string {
	t.Helper()
	found := map[string]string{}
	entries, err := fsys.List(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		name := vfs.Join(dir, e.Name)
		if e.Dir {
			maps.Copy(found, tree(t, fsys, name))
			continue
		}
		data, err := vfs.ReadFile(fsys, name, 1<<30)
		if err != nil {
			t.Fatal(err)
		}
		found[name] = string(data)
	}
	return found
}

// putBack makes a directory what it was in another file system.
func putBack(t testing.TB, from, to vfs.FS, dir string) {
	t.Helper()
	if err := to.RemoveAll(dir); err != nil {
		t.Fatal(err)
	}
	if err := to.MkdirAll(dir); err != nil {
		t.Fatal(err)
	}
	for name, data := range tree(t, from, dir) {
		if err := vfs.WriteFile(to, name, []byte(data)); err != nil {
			t.Fatal(err)
		}
	}
}

// logsOf are the segments of the partitions in a tree, wherever they are.
func logsOf(files map[string]string) []string {
	var logs []string
	for name, data := range files {
		if strings.HasSuffix(name, ".log") && !strings.Contains(name, "__") && data != "" {
			logs = append(logs, data)
		}
	}
	slices.Sort(logs)
	return logs
}

// Metadata may be what is lost: no state of it, and none of meta.properties, has
// a start remove records. What it does not know is set aside, and comes back by
// its name once the metadata is back.
func TestLostMetadataDeletesNoRecords(t *testing.T) {
	inBubble(t, []string{"log.segment.delete.delay.ms=0"}, func(t *testing.T, w *world) {
		cl := w.client()
		w.createTopic(cl, "early", 1, nil)
		w.stop()
		before := w.fs.Clone()
		w.start()
		cl = w.client()
		w.createTopic(cl, "t", 2, nil)
		w.produce(cl, "t", 0, 20)
		w.stop()
		after := w.fs.Clone()
		want := logsOf(tree(t, after, "/data"))
		const metadata = "/data/__cluster_metadata-0"

		refused := map[string]func(){
			"is not formatted":                   func() { must(t, w.fs.RemoveAll(metadata)) },
			"belongs to node.id":                 func() { edit(t, w.fs, "node.id=1", "node.id=7") },
			"cluster.id and node.id are missing": func() { edit(t, w.fs, "cluster.id", "cluster_id") },
		}
		for message, spoil := range refused {
			w.fs = after.Clone()
			spoil()
			if n, err := w.tryStart(); err == nil || !strings.Contains(err.Error(), message) {
				t.Errorf("%q: started %v, %v", message, n != nil, err)
			}
			if got := logsOf(tree(t, w.fs, "/data")); !slices.Equal(got, want) {
				t.Errorf("%q: records are gone", message)
			}
		}

		// An older image does not know the topic.
		w.fs = after.Clone()
		putBack(t, before, w.fs, metadata)
		w.start()
		time.Sleep(10 * time.Minute)
		w.stop()
		if got := logsOf(tree(t, w.fs, "/data")); !slices.Equal(got, want) {
			t.Errorf("an older image: %d logs are left of %d", len(got), len(want))
		}
		strays := 0
		entries, err := w.fs.List("/data")
		must(t, err)
		for _, e := range entries {
			if name, _, stray := strings.Cut(e.Name, "."); stray && strings.HasSuffix(e.Name, "-stray") {
				strays++
				must(t, w.fs.Rename("/data/"+e.Name, "/data/"+name))
			}
		}
		if strays != 2 {
			t.Errorf("%d directories were set aside", strays)
		}
		putBack(t, after, w.fs, metadata)
		w.start()
		if got := w.consume(w.client(kgo.ConsumeTopics("t"), kgo.ConsumeResetOffset(kgo.NewOffset().AtStart())), 20); len(got) != 20 {
			t.Errorf("%d records came back", len(got))
		}
	})
}

// edit replaces a word in meta.properties.
func edit(t testing.TB, fsys vfs.FS, from, to string) {
	t.Helper()
	data, err := vfs.ReadFile(fsys, "/data/meta.properties", 1<<20)
	must(t, err)
	must(t, vfs.WriteFile(fsys, "/data/meta.properties", []byte(strings.Replace(string(data), from, to, 1))))
}

// A log directory that is a copy of another would take half of its partitions.
func TestACopiedLogDirectoryIsRefused(t *testing.T) {
	inBubble(t, nil, func(t *testing.T, w *world) {
		w.stop()
		must(t, w.fs.MkdirAll("/copy"))
		data, err := vfs.ReadFile(w.fs, "/data/meta.properties", 1<<20)
		must(t, err)
		must(t, vfs.WriteFile(w.fs, "/copy/meta.properties", data))
		w.props = []string{"log.dirs=/data,/copy"}
		if _, err := w.tryStart(); err == nil || !strings.Contains(err.Error(), "one is a copy of the other") {
			t.Fatalf("started: %v", err)
		}
		w.props = nil
		w.start()
	})
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
