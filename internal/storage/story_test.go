package storage

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"github.com/cockroachdb/datadriven"

	"github.com/gregor-stream/gregor/internal/batch"
	"github.com/gregor-stream/gregor/internal/compress"
	"github.com/gregor-stream/gregor/internal/kafka"
	"github.com/gregor-stream/gregor/internal/vfs"
)

// logStory is a log and the seconds that have passed.
type logStory struct {
	t      *testing.T
	fs     *vfs.Mem
	log    *Log
	config Config
	now    int64
}

// TestStories runs testdata/stories/*.txt. Times are in seconds, and every
// command's "now" holds on. The commands:
//
//	open [clean] [start=N] [recovery=N] [config words]
//	config [segment-bytes=N] [segment-ms=N] [jitter-ms=N] [retention-ms=N] [retention-bytes=N] [delete=bool] [max=N] [append-time] ...
//	append now=S [at=S,...] [epoch=N] [size=N] [n=N] [gzip]
//	follow base=N [n=N] [epoch=N] [leader=N]
//	read from=N [to=N] [max=N] [strict]
//	offset-for time=S|earliest|latest|max|local|tiered|pending
//	start to=N / truncate to=N / truncate-fully to=N / high-watermark to=N
//	retain / sweep / roll / flush / close / kill
//	epochs / files
func TestStories(t *testing.T) {
	datadriven.Walk(t, "testdata/stories", func(t *testing.T, path string) {
		w := &logStory{fs: disk(t), config: DefaultConfig()}
		datadriven.RunTest(t, path, func(t *testing.T, d *datadriven.TestData) string {
			w.t = t
			w.now = arg(t, d, "now", w.now)
			out := w.do(d)
			if !strings.HasSuffix(out, "\n") {
				out += "\n"
			}
			return out
		})
	})
}

func arg[T any](t *testing.T, d *datadriven.TestData, name string, otherwise T) T {
	t.Helper()
	v := otherwise
	d.MaybeScanArgs(t, name, &v)
	return v
}

func (w *logStory) offset(d *datadriven.TestData, name string) kafka.Offset {
	return kafka.Offset(arg[int64](w.t, d, name, 0))
}

func (w *logStory) do(d *datadriven.TestData) string {
	switch d.Cmd {
	case "open":
		return w.open(d)
	case "config":
		w.configure(d)
	case "append":
		return w.append(d)
	case "follow":
		return w.follow(d)
	case "read":
		return w.read(d)
	case "offset-for":
		return w.offsetFor(d)
	case "epochs":
		return fmt.Sprint(w.log.epochs.Entries())
	case "files":
		return w.files()
	default:
		return w.change(d)
	}
	return w.state()
}

// change runs what changes the log, and shows what came of it.
func (w *logStory) change(d *datadriven.TestData) string {
	to, now := w.offset(d, "to"), at(w.now)
	var err error
	out := ""
	switch d.Cmd {
	case "start":
		_, err = w.log.AdvanceLogStart(to)
	case "truncate":
		_, err = w.log.TruncateTo(now, to)
	case "truncate-fully":
		err = w.log.TruncateFully(now, to)
	case "high-watermark":
		w.log.SetHighWatermark(to)
	case "retain":
		var n int
		if _, err = w.log.Expire(now); err == nil {
			n, err = w.log.Retain(now)
		}
		out = fmt.Sprintf("deleted %d\n", n)
	case "sweep":
		err = w.log.Sweep(now)
	case "roll":
		err = w.log.Roll(now)
	case "flush":
		err = w.log.Flush(w.log.LogEndOffset())
		out = fmt.Sprintf("recovery point %d\n", w.log.RecoveryPoint())
	case "close":
		err = w.log.Close(now)
	case "kill":
		w.log.Abandon()
	default:
		d.Fatalf(w.t, "unknown command %s", d.Cmd)
	}
	if err != nil {
		return err.Error()
	}
	return out + w.state()
}

func (w *logStory) state() string {
	if w.log == nil {
		return ""
	}
	var bases []string
	for _, s := range w.log.segments {
		bases = append(bases, fmt.Sprint(s.Base))
	}
	return fmt.Sprintf("[%d, %d) high watermark %d, segments %s", w.log.LogStartOffset(), w.log.LogEndOffset(), w.log.HighWatermark(), strings.Join(bases, " "))
}

func (w *logStory) open(d *datadriven.TestData) string {
	o := testOptions(&w.config)
	o.Clean, o.LogStart, o.RecoveryPoint, o.Now = d.HasArg("clean"), w.offset(d, "start"), w.offset(d, "recovery"), at(w.now)
	l, found, err := Open(hostOf(w.fs), o)
	if err != nil {
		return err.Error()
	}
	w.log = l
	out := ""
	for _, name := range found.Removed {
		out += "removed " + vfs.Base(name) + "\n"
	}
	for _, name := range found.Rebuilt {
		out += "rebuilt " + vfs.Base(name) + "\n"
	}
	return out + w.state()
}

func (w *logStory) configure(d *datadriven.TestData) {
	c := w.config
	c.SegmentBytes = arg(w.t, d, "segment-bytes", c.SegmentBytes)
	c.SegmentIndexBytes = arg(w.t, d, "segment-index-bytes", c.SegmentIndexBytes)
	c.IndexIntervalBytes = arg(w.t, d, "index-interval", c.IndexIntervalBytes)
	c.SegmentMs = arg(w.t, d, "segment-ms", c.SegmentMs)
	c.SegmentJitterMs = arg(w.t, d, "jitter-ms", c.SegmentJitterMs)
	c.RetentionMs = arg(w.t, d, "retention-ms", c.RetentionMs)
	c.RetentionBytes = arg(w.t, d, "retention-bytes", c.RetentionBytes)
	c.Delete = arg(w.t, d, "delete", c.Delete)
	c.MaxMessageBytes = arg(w.t, d, "max", c.MaxMessageBytes)
	c.AfterMaxMs = 1 << 60
	if d.HasArg("append-time") {
		c.TimestampType = batch.LogAppendTime
	}
	w.config = c
	if w.log != nil {
		w.log.SetConfig(&c)
	}
}

func (w *logStory) records(d *datadriven.TestData, base kafka.Offset, epoch kafka.LeaderEpoch) []byte {
	o := batch.Options{BaseOffset: base, LeaderEpoch: epoch}
	if d.HasArg("gzip") {
		o.Codec = compress.Gzip
	}
	b := batch.NewBuilder(&compress.Pool{}, o)
	stamps := []int64{w.now}
	for _, a := range d.CmdArgs {
		if a.Key == "at" {
			stamps = stamps[:0]
			for _, v := range a.Vals {
				var s int64
				_, err := fmt.Sscan(v, &s)
				must(w.t, err)
				stamps = append(stamps, s)
			}
		}
	}
	for _, s := range stamps {
		for range arg(w.t, d, "n", 1) {
			b.Append(stampAt(s), nil, bytes.Repeat([]byte("x"), arg(w.t, d, "size", 1)))
		}
	}
	out, err := b.Build(nil)
	must(w.t, err)
	return out
}

func (w *logStory) append(d *datadriven.TestData) string {
	info, err := w.log.AppendAsLeader(at(w.now), w.records(d, 0, -1), kafka.LeaderEpoch(arg(w.t, d, "epoch", 0)), AppendOptions{})
	return w.appended(info, err)
}

func (w *logStory) follow(d *datadriven.TestData) string {
	epoch := kafka.LeaderEpoch(arg(w.t, d, "epoch", 0))
	leader := kafka.LeaderEpoch(arg(w.t, d, "leader", int(epoch)))
	info, err := w.log.AppendAsFollower(at(w.now), w.records(d, w.offset(d, "base"), epoch), leader)
	return w.appended(info, err)
}

func (w *logStory) appended(info AppendInfo, err error) string {
	if err != nil {
		return err.Error()
	}
	w.log.SetHighWatermark(w.log.LogEndOffset())
	out := fmt.Sprintf("offsets %d to %d", info.FirstOffset, info.LastOffset)
	if info.Bytes == 0 {
		out = "nothing"
	}
	if info.LogAppendTime >= 0 {
		out += fmt.Sprintf(", log append time %s", seconds(info.LogAppendTime))
	}
	if info.Rolled {
		out += ", rolled"
	}
	return out
}

func seconds(t kafka.Timestamp) string {
	if t < 0 {
		return "none"
	}
	return fmt.Sprint((int64(t) - epoch2026.UnixMilli()) / 1000)
}

func (w *logStory) read(d *datadriven.TestData) string {
	to := kafka.Offset(arg(w.t, d, "to", int64(w.log.LogEndOffset())))
	var f Fetched
	if err := w.log.Read(w.offset(d, "from"), arg(w.t, d, "max", 1<<20), !d.HasArg("strict"), to, &f); err != nil {
		return err.Error()
	}
	defer f.Release()
	var buf bytes.Buffer
	_, err := f.Section.WriteTo(&buf)
	must(w.t, err)
	var out []string
	it := batch.Batches(buf.Bytes())
	for it.Next() {
		out = append(out, fmt.Sprintf("%d-%d", it.Batch().BaseOffset(), it.Batch().LastOffset()))
	}
	if it.Consumed() != buf.Len() {
		out = append(out, "and a cut batch")
	}
	return fmt.Sprintf("%d bytes, upper %d: %s", buf.Len(), f.Upper, strings.Join(out, " "))
}

func (w *logStory) offsetFor(d *datadriven.TestData) string {
	special := map[string]kafka.Timestamp{
		"earliest": EarliestTimestamp, "latest": LatestTimestamp, "max": MaxTimestamp,
		"local": EarliestLocalTimestamp, "tiered": LatestTieredTimestamp, "pending": EarliestPendingUploadTimestamp,
	}
	name := arg(w.t, d, "time", "")
	t, ok := special[name]
	if !ok {
		var s int64
		_, err := fmt.Sscan(name, &s)
		must(w.t, err)
		t = stampAt(s)
	}
	found, ok, err := w.log.OffsetForTimestamp(t)
	if err != nil {
		return err.Error()
	}
	if !ok {
		return "none"
	}
	return fmt.Sprintf("offset %d at %s, epoch %d", found.Offset, seconds(found.Timestamp), found.Epoch)
}

func (w *logStory) files() string {
	var out strings.Builder
	entries, err := w.fs.List(testDir)
	must(w.t, err)
	for _, e := range entries {
		info, err := w.fs.Stat(vfs.Join(testDir, e.Name))
		must(w.t, err)
		fmt.Fprintf(&out, "%s %d\n", e.Name, info.Size)
	}
	return out.String()
}
