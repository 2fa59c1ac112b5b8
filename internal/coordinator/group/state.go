package group

// state is where a classic group stands.
//
//	        join                    all joined, or the time is up
//	Empty ────────▶ PreparingRebalance ────────▶ CompletingRebalance
//	  ▲                 │     ▲   ▲                   │        │
//	  └─────────────────┘     │   └───────────────────┘        │ the leader's
//	   nobody is left         │    somebody joins or leaves    │ assignment is
//	                          │                                ▼ committed
//	                          └───────────────────────────── Stable
type state uint8

const (
	empty state = iota
	preparingRebalance
	completingRebalance
	stable
	dead // unloaded or deleted, never seen from outside
)

// String is Kafka's name of the state.
func (s state) String() string {
	switch s {
	case empty:
		return "Empty"
	case preparingRebalance:
		return "PreparingRebalance"
	case completingRebalance:
		return "CompletingRebalance"
	case stable:
		return "Stable"
	case dead:
	}
	return "Dead"
}

// mayFollow says whether a group in state from may come to s.
func (s state) mayFollow(from state) bool {
	switch s {
	case empty, completingRebalance:
		return from == preparingRebalance
	case preparingRebalance:
		return from == stable || from == completingRebalance || from == empty
	case stable:
		return from == completingRebalance
	case dead:
	}
	return true
}
