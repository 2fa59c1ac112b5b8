package controller

// Liveness is what the active controller knows of the brokers' heartbeats. It
// is not in the metadata log: a new leader begins with an empty one, in which
// every unfenced broker counts as heard of just now.
type Liveness struct{}
