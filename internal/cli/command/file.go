package command

import (
	"fmt"
	"io"
	"os"
)

// ReadFile reads a file that the user named, of at most most bytes: a command
// that is given the wrong file says so instead of taking all memory.
func ReadFile(file string, most int64) ([]byte, error) {
	f, err := os.Open(file)
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }()
	text, err := io.ReadAll(io.LimitReader(f, most+1))
	if err == nil && int64(len(text)) > most {
		err = fmt.Errorf("%s: more than %d bytes: is it the file that was meant?", file, most)
	}
	return text, err
}
