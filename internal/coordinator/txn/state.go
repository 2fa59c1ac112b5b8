package txn

// state is where a transactional id stands, in Kafka's numbering.
//
//	             partitions are added          end             markers are written
//	Empty ───────────────────────▶ Ongoing ───────▶ PrepareCommit ──▶ CompleteCommit
//	  ▲  ▲                           ▲    │ end, or                        │
//	  │  │                           │    ▼ it took too long               │
//	  │  │                           │  PrepareAbort ──▶ CompleteAbort     │
//	  │  │                           └──────────────────────┴──────────────┤
//	  │  └─────────────── a producer begins anew ───────────┴──────────────┘
//
// With transactions v2 a client that does not know where it stands may abort
// from Empty and both Complete states, too.
type state int8

const (
	empty          state = 0
	ongoing        state = 1
	prepareCommit  state = 2
	prepareAbort   state = 3
	completeCommit state = 4
	completeAbort  state = 5
	// dead and prepareEpochFence are states that Kafka is in for a moment, and
	// that a filter may name; they are never recorded.
	dead              state = 6
	prepareEpochFence state = 7
)

// String is Kafka's name of the state.
func (s state) String() string {
	names := [...]string{
		"Empty", "Ongoing", "PrepareCommit", "PrepareAbort", "CompleteCommit", "CompleteAbort", "Dead", "PrepareEpochFence",
	}
	return names[s]
}

// parseState finds a state by its name.
func parseState(name string) (state, bool) {
	for s := empty; s <= prepareEpochFence; s++ {
		if s.String() == name {
			return s, true
		}
	}
	return 0, false
}

// recorded says whether the state may stand in a record.
func (s state) recorded() bool { return s >= empty && s <= completeAbort }

// preparing says that markers are being written.
func (s state) preparing() bool { return s == prepareCommit || s == prepareAbort }

// complete says that the last transaction is over.
func (s state) complete() bool { return s == completeCommit || s == completeAbort }

// idle says that no transaction is open: what may expire.
func (s state) idle() bool { return s == empty || s.complete() }

// mayFollow says whether an id in state from may come to s.
func (s state) mayFollow(from state) bool {
	switch s {
	case empty:
		return from.idle()
	case ongoing:
		return from.idle() || from == ongoing
	case prepareCommit:
		return from == ongoing
	case prepareAbort:
		return from.idle() || from == ongoing
	case completeCommit:
		return from == prepareCommit
	case completeAbort:
		return from == prepareAbort
	case dead, prepareEpochFence:
	}
	return false
}
