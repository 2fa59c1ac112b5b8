package wire

import (
	"fmt"
	"strings"
	"time"

	"github.com/twmb/franz-go/pkg/kmsg"
)

// story is one conversation. It is held at every version of its key that
// Apache Kafka serves, with topics and groups named after story and version.
type story struct {
	key  kmsg.Key
	name string
	tell func(x *talk)
}

// answer is what one step of a story got.
type answer struct {
	step  string
	lines []string
	took  time.Duration // since the answer before
}

// talk is a story being told to one broker. A step's request is sent at the
// story's version if it has the story's key, else at the newest version.
type talk struct {
	key     int16
	version int16
	prefix  string
	newest  map[int16]int16 // of what Apache Kafka advertises
	main    *conn
	masker  *masker
	answers []answer
	opened  []*conn
	last    time.Time // of the last answer
}

// name makes a topic or group name of this story and version.
func (x *talk) name(what string) string { return x.prefix + what }

func (x *talk) setVersion(req kmsg.Request) {
	v := x.version
	if req.Key() != x.key {
		v = min(x.newest[req.Key()], req.MaxVersion())
	}
	req.SetVersion(v)
}

// ask sends a request and records the answer. It returns nil when the broker
// did not answer with a decodable response.
func (x *talk) ask(step string, req kmsg.Request) kmsg.Response {
	x.setVersion(req)
	return x.note(step, x.main, req)
}

// quiet asks without recording, for what the step before prepared.
func (x *talk) quiet(req kmsg.Request) kmsg.Response {
	x.setVersion(req)
	resp, _, err := x.main.ask(req)
	if err != nil {
		x.answers = append(x.answers, answer{step: "unrecorded " + kmsg.NameForKey(req.Key()), lines: []string{err.Error()}})
		return nil
	}
	return resp
}

func (x *talk) note(step string, c *conn, req kmsg.Request) kmsg.Response {
	resp, trailing, err := c.ask(req)
	x.record(step, resp, trailing, err)
	if err != nil {
		return nil
	}
	return resp
}

func (x *talk) record(step string, resp kmsg.Response, trailing int, err error) {
	took := time.Since(x.last)
	x.last = time.Now()
	switch {
	case err != nil:
		x.answers = append(x.answers, answer{step, []string{": " + err.Error()}, took})
	case resp == nil:
		x.answers = append(x.answers, answer{step, []string{": nothing to answer"}, took})
	default:
		lines := x.masker.render(resp)
		if trailing != 0 {
			lines = append(lines, fmt.Sprintf("bytes beyond the message: %d", trailing))
		}
		x.answers = append(x.answers, answer{step, lines, took})
	}
}

// pending is a request whose answer is waited for later.
type pending struct {
	step string
	done chan struct{}
	resp kmsg.Response
	odd  int
	err  error
}

// start sends a request on a connection of its own.
func (x *talk) start(step string, req kmsg.Request) *pending {
	x.setVersion(req)
	p := &pending{step: step, done: make(chan struct{})}
	c := &conn{addr: x.main.addr}
	x.opened = append(x.opened, c)
	go func() {
		defer close(p.done)
		p.resp, p.odd, p.err = c.ask(req)
	}()
	return p
}

// finish waits for a started request and records its answer.
func (x *talk) finish(p *pending) kmsg.Response {
	<-p.done
	x.record(p.step, p.resp, p.odd, p.err)
	if p.err != nil {
		return nil
	}
	return p.resp
}

// until repeats a request, unrecorded, while again says so: what Kafka does
// a moment later is waited for. The last answer is recorded.
func (x *talk) until(step string, make func() kmsg.Request, again func(kmsg.Response) bool) kmsg.Response {
	deadline := time.Now().Add(answerLimit)
	for {
		req := make()
		x.setVersion(req)
		resp, odd, err := x.main.ask(req)
		if err != nil || !again(resp) || time.Now().After(deadline) {
			x.record(step, resp, odd, err)
			return resp
		}
		time.Sleep(20 * time.Millisecond)
	}
}

func (x *talk) close() {
	x.main.close()
	for _, c := range x.opened {
		c.close()
	}
}

// difference compares two answers to one step; empty when they are equal.
func difference(kafka, gregor []string) string {
	if strings.Join(kafka, "\n") == strings.Join(gregor, "\n") {
		return ""
	}
	in := func(lines []string) map[string]bool {
		set := map[string]bool{}
		for _, line := range lines {
			set[line] = true
		}
		return set
	}
	k, g := in(kafka), in(gregor)
	var out strings.Builder
	for _, line := range kafka {
		if !g[line] {
			fmt.Fprintf(&out, "  kafka  %s\n", line)
		}
	}
	for _, line := range gregor {
		if !k[line] {
			fmt.Fprintf(&out, "  gregor %s\n", line)
		}
	}
	if out.Len() == 0 {
		return "  the same lines in another number\n"
	}
	return out.String()
}
