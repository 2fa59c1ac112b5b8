package console

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
)

// lineBytesMax bounds a line: no broker takes a record as long.
const lineBytesMax = 1 << 30

// lines reads lines of an input in a goroutine of its own, so that Ctrl-C does
// not wait for one.
type lines struct {
	next chan []byte
	err  error // why there are no more; read it when next is closed
}

// readLines begins to read. Lines end as for java.io.BufferedReader: \n, \r or
// \r\n. The goroutine ends with the input, or when ctx does and the input
// gives something.
func readLines(ctx context.Context, in io.Reader) *lines {
	l := &lines{next: make(chan []byte, 256)}
	go func() {
		defer close(l.next)
		scan := bufio.NewScanner(in)
		scan.Buffer(make([]byte, 64<<10), lineBytesMax)
		scan.Split(splitLines())
		for scan.Scan() {
			select {
			case l.next <- append([]byte(nil), scan.Bytes()...):
			case <-ctx.Done():
				return
			}
		}
		if err := scan.Err(); errors.Is(err, bufio.ErrTooLong) {
			l.err = fmt.Errorf("a line is longer than %d bytes", lineBytesMax)
		} else if err != nil {
			l.err = fmt.Errorf("read the input: %w", err)
		}
	}()
	return l
}

// splitLines is a bufio.SplitFunc that does not wait for what follows a \r: a
// \n behind it is passed over when it comes.
func splitLines() bufio.SplitFunc {
	afterReturn := false
	return func(data []byte, atEOF bool) (int, []byte, error) {
		begin := 0
		if afterReturn && len(data) > 0 {
			if data[0] == '\n' {
				begin = 1
			}
			afterReturn = false
		}
		for i := begin; i < len(data); i++ {
			if data[i] == '\n' || data[i] == '\r' {
				afterReturn = data[i] == '\r'
				return i + 1, data[begin:i], nil
			}
		}
		switch {
		case !atEOF && begin == 1:
			return 1, nil, nil
		case !atEOF:
			return 0, nil, nil
		case len(data) > begin:
			return len(data), data[begin:], nil
		}
		return len(data), nil, nil
	}
}
