package groups

import (
	"slices"
	"strings"
	"testing"
	"time"
)

func row(topic string, partition int32, offset, end int64, consumer string) offsetRow {
	return offsetRow{Topic: topic, Partition: partition, Offset: &offset, End: &end, Lag: new(end - offset), ConsumerID: consumer, Host: "/127.0.0.1"}
}

func TestAWatchTellsWhatMoved(t *testing.T) {
	start := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	before := &snapshot{start, []seen{{"g", stateStable, []member{{id: "x", host: "/1"}, {id: "y", host: "/2"}}, []offsetRow{
		row("a", 0, 10, 110, "x"), row("a", 1, 0, 100, "y"),
	}, ""}}}
	now := &snapshot{start.Add(2 * time.Second), []seen{{"g", stateStable, []member{{id: "x", host: "/1"}, {id: "z", host: "/3"}}, []offsetRow{
		row("a", 0, 50, 120, "x"), row("a", 1, 20, 100, "z"), {Topic: "b", Partition: 0, ConsumerID: "x"},
	}, ""}}}
	first := compare(nil, before)
	if g := first.Groups[0]; g.Lag != 200 || g.LagChange != nil || g.Rate != nil || len(g.Joined)+len(g.Gone)+len(g.Moved) != 0 {
		t.Errorf("the first look tells of changes: %+v", g)
	}
	r := compare(before, now)
	g := r.Groups[0]
	if g.Lag != 150 || *g.LagChange != -50 || *g.Rate != 30 || *g.Produced != 5 || *g.Left != 6 {
		t.Errorf("lag %d, change %d, consumed %v, produced %v, left %v", g.Lag, *g.LagChange, *g.Rate, *g.Produced, *g.Left)
	}
	want := []string{"g: z joined from /3", "g: y left (/2)", "g: a-1 moved from y to z"}
	if got := g.events(); !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
	text := r.text(true, 2*time.Second)
	for _, line := range []string{
		"2026-01-01 00:00:02, every 2s",
		"g      Stable  2        3           150  -50     30.0        5.0         6s",
		"g: a-1 moved from y to z",
		"g      a      0          50         120  70   -30     20.0        x         /127.0.0.1",
		"g      b      0          -          -    -    -       -           x         -",
	} {
		if !strings.Contains(text, line+"\n") {
			t.Errorf("no line %q in\n%s", line, text)
		}
	}
	if short := r.text(false, time.Second); strings.Contains(short, "TOPIC") {
		t.Errorf("partitions that nobody asked for:\n%s", short)
	}
}

func TestAWatchWaitsForAGroupThatIsNotThere(t *testing.T) {
	at := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	none := &snapshot{at, []seen{{id: "g"}}}
	there := &snapshot{at.Add(time.Second), []seen{{"g", stateStable, []member{{id: "x", host: "/1"}}, []offsetRow{row("a", 0, 1, 1, "x")}, ""}}}
	if text := compare(nil, none).text(true, time.Second); !strings.Contains(text, "(not there)") {
		t.Error(text)
	}
	r := compare(none, there)
	if events := r.Groups[0].events(); len(events) != 1 || !strings.Contains(events[0], "x joined") {
		t.Errorf("%q", events)
	}
	if text := r.text(false, time.Second); !strings.Contains(text, "done") {
		t.Error(text)
	}
}

func TestAGroupInTroubleHidesNoOther(t *testing.T) {
	at := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	s := &snapshot{at, []seen{{id: "bad", problem: "no leader"}, {"good", stateEmpty, nil, []offsetRow{row("a", 0, 1, 3, "")}, ""}}}
	text := compare(nil, s).text(false, time.Second)
	for _, part := range []string{"bad    (unknown)", "good   Empty", "bad: its offsets cannot be read: no leader"} {
		if !strings.Contains(text, part) {
			t.Errorf("no %q in\n%s", part, text)
		}
	}
}
