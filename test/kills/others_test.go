package kills

// others are the clients in other languages.
type others struct{}

func (r *run) others() *others { return &others{} }

// end ends them, and returns the files of their histories.
func (o *others) end() []string { return nil }

func otherIDs() []string { return nil }
