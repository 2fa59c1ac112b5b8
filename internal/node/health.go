package node

// unready says why the node is not ready for clients, in one line each; none
// where it is.
func (n *Node) unready() []string {
	if err := n.Err(); err != nil {
		return []string{"failed: " + err.Error()}
	}
	switch state := n.state.Load(); state {
	case stateRunning:
	case stateLeaving, stateStopping:
		return []string{"the node is stopping"}
	default:
		return []string{"the node is starting"}
	}
	var reasons []string
	if st := n.quorum.Status(); st.Leader < 0 {
		reasons = append(reasons, "the metadata quorum has no leader")
	}
	b, ok := n.quorum.Image().Cluster.Broker(n.id())
	switch {
	case !ok || n.membership.Epoch() < 0:
		reasons = append(reasons, "the broker is not registered with the controller")
	case b.Fenced:
		reasons = append(reasons, "the broker is fenced by the controller")
	}
	// A log directory that has failed is no reason: the others are served. Where
	// the node cannot do without it, the node has failed.
	return reasons
}
