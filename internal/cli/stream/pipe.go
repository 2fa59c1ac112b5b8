package stream

import (
	"context"
	"io"
)

// pipe reads standard input until ctx ends, too: a read of a pipe or a terminal
// at which nobody writes would otherwise outlast Ctrl-C. Its one goroutine
// stays in the read that nobody waits for any more; the process ends then.
type pipe struct {
	ctx    context.Context //nolint:containedctx // io.Reader has no other place for it
	chunks chan chunk
	rest   chunk
}

type chunk struct {
	data []byte // owned by the reader of the channel
	err  error
}

// pipeBytes is the size of one read, in bytes.
const pipeBytes = 64 << 10

func newPipe(ctx context.Context, in io.Reader) *pipe {
	p := &pipe{ctx: ctx, chunks: make(chan chunk)}
	go func() {
		for {
			buf := make([]byte, pipeBytes)
			n, err := in.Read(buf)
			select {
			case p.chunks <- chunk{buf[:n], err}:
			case <-ctx.Done():
				return
			}
			if err != nil {
				return
			}
		}
	}()
	return p
}

// Read implements [io.Reader].
func (p *pipe) Read(b []byte) (int, error) {
	for len(p.rest.data) == 0 {
		if p.rest.err != nil {
			return 0, p.rest.err
		}
		select {
		case p.rest = <-p.chunks:
		case <-p.ctx.Done():
			return 0, p.ctx.Err()
		}
	}
	n := copy(b, p.rest.data)
	p.rest.data = p.rest.data[n:]
	return n, nil
}
