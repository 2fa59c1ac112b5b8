package server

import (
	"fmt"
	"io"
	"time"

	"github.com/gregor-stream/gregor/internal/wire"
)

// queueMax bounds the replies that wait behind a parked one; a connection
// with more of them reads no further.
const queueMax = 64

// chunkBytes is the size in which sections of files are read and written.
const chunkBytes = 128 << 10

// queued is a reply in the order of its request.
type queued struct {
	reply Reply
	buf   *buffer // holds Reply.Data, or is room for a pending reply
	size  int     // of the request
	// When the request was read, and executed, and when its answer was ready.
	received, served, ready time.Time
}

// send writes the reply at once, or queues it where one before it is parked.
// It reports whether the connection goes on.
//
// Only the connection's goroutine calls send and starts the writer; the
// writer ends itself, under the lock, when its queue is empty. So when no
// writer lives here, none can appear until send returns, and the socket is
// this goroutine's to write.
func (c *conn) send(q queued) (bool, error) {
	reply := &q.reply
	q.ready = q.served
	c.mu.Lock()
	direct := !c.writing && reply.Pending == nil
	if !direct {
		for c.queue != nil && c.queue.len() >= queueMax && !c.broken {
			c.room.Wait()
		}
		if c.broken {
			c.mu.Unlock()
			c.release(q)
			return false, nil
		}
		if c.queue == nil {
			c.queue = c.srv.replies.get()
		}
		c.queue.push(q)
		if c.parking == nil {
			c.parking = newParking(c.writeQueue)
		}
		if !c.writing {
			c.writing = true
			go c.parking.write()
		}
	}
	c.mu.Unlock()
	if direct {
		err := c.writeObserved(&q, q.served)
		c.release(q)
		return err == nil && !reply.Close, err
	}
	return !reply.Close, nil
}

// writeQueue is the writer: it waits for parked replies in order.
func (c *conn) writeQueue() {
	for {
		c.mu.Lock()
		if c.queue.len() == 0 {
			c.writing = false
			c.srv.replies.put(c.queue)
			c.queue = nil // an idle connection holds no buffer
			c.mu.Unlock()
			c.room.Broadcast()
			return
		}
		q := c.queue.pop()
		c.mu.Unlock()
		c.room.Broadcast()
		if c.await(&q) && c.writeObserved(&q, time.Now()) != nil {
			c.giveUp()
			c.cut()
		}
		c.release(q)
	}
}

// await waits until a queued reply can be written; false where the connection
// has been given up.
func (c *conn) await(q *queued) bool {
	if p := q.reply.Pending; p != nil && c.parking.wait(p) {
		q.ready = time.Now()
		q.reply.Data = p.AppendTo(q.buf.b[:0])
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	return !c.broken
}

// giveUp ends the waiting for parked replies, and writes no more.
func (c *conn) giveUp() {
	c.mu.Lock()
	if !c.broken && c.parking != nil {
		close(c.parking.abandon)
	}
	c.broken = true
	c.mu.Unlock()
	c.room.Broadcast()
}

// finish waits until the writer has written what is parked, or given it up.
func (c *conn) finish() {
	c.mu.Lock()
	for c.writing {
		c.room.Wait()
	}
	c.mu.Unlock()
}

// release lets go of what a reply holds: the last that happens to each.
func (c *conn) release(q queued) {
	if q.reply.Pending != nil {
		q.reply.Pending.Release()
	}
	if q.reply.Done != nil {
		q.reply.Done()
	}
	if cap(q.reply.Data) > 0 {
		q.buf.b = q.reply.Data // it may have grown
	}
	c.srv.buffers.put(q.buf)
}

// writeObserved writes, from began on, and tells the observer.
func (c *conn) writeObserved(q *queued, began time.Time) error {
	err := c.write(q)
	if c.srv.cfg.Observer == nil || err != nil {
		return err
	}
	r := &q.reply
	size := len(r.Data)
	for i := range r.Parts {
		size += r.Parts[i].Section.Len()
	}
	// Of a parked answer that was ready before its turn nobody saw when: it
	// counts as parked until its turn came.
	var conversion Conversion
	if r.Conversion != nil {
		conversion = *r.Conversion
	}
	c.srv.cfg.Observer.Served(&c.info, Served{
		Conversion: conversion,
		About:      r.About, RequestBytes: q.size, ResponseBytes: size, Asked: r.Asked,
		Local: max(q.served.Sub(q.received)-r.Remote, 0), Remote: r.Remote + q.ready.Sub(q.served),
		Queue: max(began.Sub(q.ready), 0), Send: time.Since(began),
	})
	return nil
}

func (c *conn) write(q *queued) error {
	if len(q.reply.Data) == 0 {
		return nil
	}
	if len(q.reply.Parts) == 0 {
		return c.writeBytes(q.reply.Data)
	}
	return c.writeParts(q.reply.Data, q.reply.Parts)
}

// writeParts sends bytes and file sections as one stream, through one chunk
// buffer: a small response leaves in one write, a large one holds no more
// memory than the chunk however slowly the client reads. Large sections of
// files do not pass through it where the system can move them itself.
func (c *conn) writeParts(data []byte, parts []wire.Part) error {
	total := len(data)
	for i := range parts {
		total += parts[i].Section.Len()
	}
	chunk := c.srv.buffers.get(min(total, chunkBytes))
	defer c.srv.buffers.put(chunk)
	b, limit := chunk.b[:0], min(cap(chunk.b), chunkBytes)
	from := 0
	var err error
	for i := range parts {
		if b, err = c.fill(b, limit, data[from:parts[i].At]); err != nil {
			return err
		}
		from = parts[i].At
		if sent, err := c.sendSection(b, parts[i].Section); err != nil {
			return err
		} else if sent {
			b = b[:0]
			continue
		}
		if b, err = c.fillSection(b, limit, parts[i].Section); err != nil {
			return err
		}
	}
	if b, err = c.fill(b, limit, data[from:]); err != nil {
		return err
	}
	if len(b) == 0 {
		return nil
	}
	return c.writeBytes(b)
}

func (c *conn) fill(b []byte, limit int, data []byte) ([]byte, error) {
	for len(data) > 0 {
		if len(b) == limit {
			if err := c.writeBytes(b); err != nil {
				return b, err
			}
			b = b[:0]
		}
		n := min(limit-len(b), len(data))
		b = append(b, data[:n]...)
		data = data[n:]
	}
	return b, nil
}

func (c *conn) fillSection(b []byte, limit int, s wire.Section) ([]byte, error) {
	size := s.Len()
	for at := 0; at < size; {
		if len(b) == limit {
			if err := c.writeBytes(b); err != nil {
				return b, err
			}
			b = b[:0]
		}
		n := min(limit-len(b), size-at)
		got, err := s.ReadAt(b[len(b):len(b)+n], int64(at))
		if got < n {
			if err == nil || err == io.EOF { //nolint:errorlint // ReaderAt returns it bare
				err = io.ErrUnexpectedEOF
			}
			return b, fmt.Errorf("read %d bytes at %d of a section of %d for a response: %w", n, at, size, err)
		}
		b = b[:len(b)+n]
		at += n
	}
	return b, nil
}

func (c *conn) writeBytes(b []byte) error {
	c.touch(time.Now())
	_, err := c.nc.Write(b)
	c.touch(time.Now())
	return err
}
