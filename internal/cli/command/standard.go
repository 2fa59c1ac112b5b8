package command

import "os"

// Standard is the process's own input and outputs.
func Standard() *Env {
	return &Env{In: os.Stdin, Out: os.Stdout, Err: os.Stderr, Interactive: IsTerminal(os.Stderr)}
}

// IsTerminal says whether a person reads f.
func IsTerminal(f *os.File) bool {
	info, err := f.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
}
