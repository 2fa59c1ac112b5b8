package epoch

import (
	"fmt"
	"strings"
	"testing"

	"github.com/cockroachdb/datadriven"
	"pgregory.net/rapid"

	"github.com/gregor-stream/gregor/internal/kafka"
)

func TestStories(t *testing.T) {
	datadriven.Walk(t, "testdata", func(t *testing.T, path string) {
		var c Cache
		datadriven.RunTest(t, path, func(t *testing.T, d *datadriven.TestData) string {
			var epoch, offset, end int64
			d.MaybeScanArgs(t, "epoch", &epoch)
			d.MaybeScanArgs(t, "offset", &offset)
			d.MaybeScanArgs(t, "end", &end)
			out := &strings.Builder{}
			switch d.Cmd {
			case "assign":
				fmt.Fprintf(out, "changed: %v\n", c.Assign(kafka.LeaderEpoch(epoch), kafka.Offset(offset)))
			case "truncate-end":
				fmt.Fprintf(out, "changed: %v\n", c.TruncateFromEnd(kafka.Offset(offset)))
			case "truncate-start":
				fmt.Fprintf(out, "changed: %v\n", c.TruncateFromStart(kafka.Offset(offset)))
			case "end-offset-for":
				e, o := c.EndOffsetFor(kafka.LeaderEpoch(epoch), kafka.Offset(end))
				return fmt.Sprintf("epoch %d ends at %d\n", e, o)
			case "epoch-for":
				return fmt.Sprintf("%d\n", c.ForOffset(kafka.Offset(offset)))
			case "file":
				return string(c.Append(nil))
			case "parse":
				parsed, err := Parse([]byte(d.Input))
				if err != nil {
					return err.Error() + "\n"
				}
				c = parsed
			default:
				d.Fatalf(t, "unknown command %s", d.Cmd)
			}
			for _, e := range c.Entries() {
				fmt.Fprintf(out, "%d@%d ", e.Epoch, e.Start)
			}
			return strings.TrimRight(out.String(), " ") + "\n"
		})
	})
}

func TestEpochsAndOffsetsAlwaysRise(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var c Cache
		for range rapid.IntRange(0, 40).Draw(t, "steps") {
			epoch := kafka.LeaderEpoch(rapid.Int32Range(0, 10).Draw(t, "epoch"))
			offset := kafka.Offset(rapid.Int64Range(0, 50).Draw(t, "offset"))
			before := len(c.entries)
			switch rapid.IntRange(0, 2).Draw(t, "op") {
			case 0:
				c.Assign(epoch, offset)
				if c.Latest() != epoch {
					t.Fatalf("latest is %d after the assignment of %d", c.Latest(), epoch)
				}
			case 1:
				c.TruncateFromEnd(offset)
			case 2:
				c.TruncateFromStart(offset)
				if before > 0 && len(c.entries) == 0 {
					t.Fatal("a cut at the start forgot every epoch")
				}
			}
			for i := 1; i < len(c.entries); i++ {
				if c.entries[i-1].Epoch >= c.entries[i].Epoch || c.entries[i-1].Start >= c.entries[i].Start {
					t.Fatalf("not rising: %v", c.entries)
				}
			}
			again, err := Parse(c.Append(nil))
			if err != nil || fmt.Sprint(again.entries) != fmt.Sprint(c.entries) {
				t.Fatalf("the file reads as %v (%v), want %v", again.entries, err, c.entries)
			}
		}
	})
}

func FuzzParse(f *testing.F) {
	f.Add([]byte("0\n2\n0 0\n3 17\n"))
	f.Add([]byte("0\n1\n-1 0\n"))
	f.Add([]byte("0\n99999999\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		c, err := Parse(data)
		if err != nil {
			return
		}
		if _, err := Parse(c.Append(nil)); err != nil {
			t.Fatalf("what was read cannot be written: %v", err)
		}
	})
}
