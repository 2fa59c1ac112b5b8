package console

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"sync"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/gregor-stream/gregor/internal/cli/client"
	"github.com/gregor-stream/gregor/internal/cli/command"
)

// sent is what --format json prints of each record that a broker took.
type sent struct {
	Topic     string `json:"topic"`
	Partition int32  `json:"partition"`
	Offset    int64  `json:"offset"`    // -1 where acks=0 leaves it unknown
	Timestamp int64  `json:"timestamp"` // milliseconds since 1970
}

// sending counts how records end, and says it.
type sending struct {
	env    *command.Env
	asJSON bool

	mu     sync.Mutex // the answers come from franz-go's goroutine
	taken  int
	failed int
}

// failuresShown bounds the lines about records that were not sent.
const failuresShown = 10

func (s *sending) done(r *kgo.Record, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err != nil {
		s.failed++
		if s.failed <= failuresShown && !errors.Is(err, context.Canceled) {
			s.env.Warnf("Error when sending message to topic %s with key: %s, value: %s with error: %v", r.Topic, size(r.Key), size(r.Value), err)
		}
		return
	}
	s.taken++
	if s.asJSON {
		_ = json.NewEncoder(s.env.Out).Encode(sent{r.Topic, r.Partition, r.Offset, r.Timestamp.UnixMilli()})
	}
}

func size(b []byte) string {
	if b == nil {
		return "null"
	}
	return fmt.Sprintf("%d bytes", len(b))
}

// produce sends the lines of the input until it ends or ctx does. Records that
// no broker takes are said, each, and do not make the command fail, unless
// synchronously: the exit codes are those of Kafka's command.
func produce(ctx context.Context, env *command.Env, p client.Properties, reader *lineReader, synchronous, asJSON bool) error {
	producer, err := client.OpenProducer(ctx, env, p, 0)
	if err != nil {
		return err
	}
	defer producer.Close()
	s := &sending{env: env, asJSON: asJSON}
	err = s.loop(ctx, producer, reader, synchronous)
	return s.end(ctx, producer, err)
}

func (s *sending) loop(ctx context.Context, producer *client.Producer, reader *lineReader, synchronous bool) error {
	prompt := isTerminal(s.env.In) && isTerminal(s.env.Out)
	input := readLines(ctx, s.env.In)
	// What was sent is flushed, not dropped, when Ctrl-C comes: records do not
	// end with ctx. Waiting for a topic or for room does.
	detached := context.WithoutCancel(ctx)
	for {
		if prompt {
			s.env.Printf(">")
		}
		var line []byte
		var more bool
		select {
		case <-ctx.Done():
			return ctx.Err()
		case line, more = <-input.next:
		}
		if !more {
			return input.err
		}
		r, err := reader.record(line)
		if err != nil {
			return err
		}
		if err := producer.AwaitTopic(ctx, r.Topic); err != nil {
			if ctx.Err() != nil || synchronous {
				return err
			}
			s.done(r, err)
			continue
		}
		if err := s.send(detached, producer, r, synchronous); err != nil {
			return err
		}
	}
}

func (s *sending) send(ctx context.Context, producer *client.Producer, r *kgo.Record, synchronous bool) error {
	if !synchronous {
		producer.Send(ctx, r, s.done)
		return nil
	}
	ended := make(chan error, 1)
	producer.Send(ctx, r, func(r *kgo.Record, err error) {
		if err == nil {
			s.done(r, nil)
		}
		ended <- err
	})
	return <-ended
}

// end waits for the answers that are due, at most delivery.timeout.ms, and
// says what was not sent.
func (s *sending) end(ctx context.Context, producer *client.Producer, err error) error {
	flushed := producer.Flush(context.WithoutCancel(ctx))
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case ctx.Err() != nil:
		s.env.Warnf("%d records were sent, %d were not", s.taken, s.failed)
		return command.Fail(ctx.Err())
	case err != nil:
		if s.taken > 0 || s.failed > 0 {
			err = fmt.Errorf("%w (%d records before it were sent, %d were not)", err, s.taken, s.failed)
		}
		return command.Fail(err)
	case s.failed > 0:
		s.env.Warnf("%d of %d records were not sent", s.failed, s.failed+s.taken)
	}
	return command.Fail(flushed)
}
