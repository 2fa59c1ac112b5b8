package node

import "fmt"

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
	for _, d := range n.dirs {
		if _, _, err := n.cfg.FS.Usage(d.path); err != nil {
			reasons = append(reasons, fmt.Sprintf("log directory %s is offline: %v", d.path, err))
		}
	}
	return reasons
}
