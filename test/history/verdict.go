package history

import (
	"encoding/json"
	"fmt"
	"io"
	"text/tabwriter"
)

// Anomaly is a thing that a correct log does not do.
type Anomaly string

// The anomalies, worst first. Their names are Jepsen's where it has the rule.
const (
	LostWrite           Anomaly = "lost-write"           // acknowledged, and readers went past its place without it
	AbortedRead         Anomaly = "G1a"                  // a value was read whose send failed
	TornTransaction     Anomaly = "torn-transaction"     // a part of a transaction was read, another part is not there
	Unwritten           Anomaly = "unwritten"            // a value was read that nobody sent
	InconsistentOffsets Anomaly = "inconsistent-offsets" // two values at one offset
	Duplicate           Anomaly = "duplicate"            // one value at two offsets
	PrecommittedRead    Anomaly = "precommitted-read"    // a transaction read what it wrote itself
	Unseen              Anomaly = "unseen"               // acknowledged, and nobody ever read as far
	NonmonotonicEnd     Anomaly = "nonmonotonic-end"     // a high watermark was below what was seen before
	IntNonmonotonicPoll Anomaly = "int-nonmonotonic-poll"
	IntPollSkip         Anomaly = "int-poll-skip"
	NonmonotonicPoll    Anomaly = "nonmonotonic-poll"
	PollSkip            Anomaly = "poll-skip"
	IntNonmonotonicSend Anomaly = "int-nonmonotonic-send"
	NonmonotonicSend    Anomaly = "nonmonotonic-send"
	IntSendSkip         Anomaly = "int-send-skip"
	G0                  Anomaly = "G0" // a cycle of writes
	G0Realtime          Anomaly = "G0-realtime"
	G1c                 Anomaly = "G1c" // a cycle with a read of a write
	G1cRealtime         Anomaly = "G1c-realtime"
	GSingle             Anomaly = "G-single" // a cycle with one read that a write overtook
	GSingleRealtime     Anomaly = "G-single-realtime"
	G2                  Anomaly = "G2" // a cycle with several such reads
	G2Realtime          Anomaly = "G2-realtime"
)

// anomalies is every anomaly, in the order of a verdict.
func anomalies() []Anomaly {
	return []Anomaly{
		LostWrite, AbortedRead, TornTransaction, Unwritten, InconsistentOffsets, Duplicate, PrecommittedRead, Unseen,
		NonmonotonicEnd, IntNonmonotonicPoll, IntPollSkip, NonmonotonicPoll, PollSkip, IntNonmonotonicSend,
		NonmonotonicSend, IntSendSkip, G0, G0Realtime, G1c, G1cRealtime, GSingle, GSingleRealtime, G2, G2Realtime,
	}
}

// Options say what is looked for, and what is let pass.
type Options struct {
	// WriteWrite draws an edge between the writers of neighbours in a log.
	// Kafka does not isolate writes, so that G0 and G1c are normal then.
	WriteWrite bool
	// ReadWrite draws an edge from who read a value to who wrote the next
	// one. Kafka promises nothing there: such cycles are told and let pass.
	ReadWrite bool
	// Uncommitted says that the consumers read uncommitted records: a cycle
	// of reads, a value of the reader's own transaction, an aborted value and
	// a torn transaction are normal then.
	Uncommitted bool
	// Strict lets nothing pass. Consumers that a group gives their keys must
	// tell all rebalances then.
	Strict bool
}

// allowed is what a history may show without being wrong.
func (o Options) allowed() map[Anomaly]bool {
	a := map[Anomaly]bool{}
	if o.Strict {
		return a
	}
	for _, name := range []Anomaly{IntSendSkip, G0, G0Realtime, GSingle, GSingleRealtime, G2, G2Realtime} {
		a[name] = true
	}
	if o.WriteWrite || o.Uncommitted {
		a[G1c], a[G1cRealtime] = true, true
	}
	if o.Uncommitted {
		a[AbortedRead], a[PrecommittedRead], a[TornTransaction] = true, true, true
	}
	return a
}

// casesMax is how many cases of one anomaly a verdict shows.
const casesMax = 8

// Case is one place where a history is wrong.
type Case struct {
	Key     int     `json:"key"`
	Values  []int64 `json:"values,omitempty"`
	Offsets []int64 `json:"offsets,omitempty"`
	Lines   []int   `json:"lines,omitempty"` // of the history, the first is 1
	Text    string  `json:"text"`
}

// Finding is one anomaly with its first cases.
type Finding struct {
	Anomaly Anomaly `json:"anomaly"`
	Count   int     `json:"count"`
	Allowed bool    `json:"allowed"` // normal for this kind of history
	Cases   []Case  `json:"cases"`
}

// Verdict is what the checker says of a history.
type Verdict struct {
	Valid    bool      `json:"valid"` // nothing that is not allowed
	Findings []Finding `json:"findings"`

	Lines        int `json:"lines"`
	OK           int `json:"ok"`   // sends, polls and transactions by their end
	Info         int `json:"info"` // those that never end among them
	Fail         int `json:"fail"`
	Keys         int `json:"keys"`
	Acknowledged int `json:"acknowledged"` // values
	Read         int `json:"read"`         // values, each counted once
}

// Found tells how often an anomaly was found.
func (v *Verdict) Found(a Anomaly) int {
	for _, f := range v.Findings {
		if f.Anomaly == a {
			return f.Count
		}
	}
	return 0
}

// Names are the anomalies that were found, allowed ones too if all is set.
func (v *Verdict) Names(all bool) []Anomaly {
	var names []Anomaly
	for _, f := range v.Findings {
		if all || !f.Allowed {
			names = append(names, f.Anomaly)
		}
	}
	return names
}

// Print writes a verdict for people.
func (v *Verdict) Print(w io.Writer) error {
	said := "valid"
	if !v.Valid {
		said = "NOT VALID"
	}
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	_, _ = fmt.Fprintf(t, "%s: %d lines, %d keys; operations: %d ok, %d info, %d fail; values: %d acknowledged, %d read\n",
		said, v.Lines, v.Keys, v.OK, v.Info, v.Fail, v.Acknowledged, v.Read)
	if len(v.Findings) > 0 {
		_, _ = fmt.Fprintf(t, "anomaly\tcount\t\tfirst case\n")
	}
	for _, f := range v.Findings {
		note := "WRONG"
		if f.Allowed {
			note = "allowed"
		}
		for i, c := range f.Cases {
			if i == 0 {
				_, _ = fmt.Fprintf(t, "%s\t%d\t%s\t%s\n", f.Anomaly, f.Count, note, c.Text)
			} else if !f.Allowed {
				_, _ = fmt.Fprintf(t, "\t\t\t%s\n", c.Text)
			}
		}
	}
	return t.Flush()
}

// WriteJSON writes a verdict for programs.
func (v *Verdict) WriteJSON(w io.Writer) error {
	enc := json.NewEncoder(w)
	enc.SetIndent("", "  ")
	return enc.Encode(v)
}
