package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/gregor-stream/gregor/test/harness"
)

// side is one of the three programs.
type side struct {
	name   string
	launch func(harness.Options) (*harness.Broker, error)
	broker *harness.Broker // what runs while rows share it; nil before
	topics int             // counts the names of topics
}

// newSides gives the sides with these names, in the order A B C; all where
// there are none.
func newSides(list string) ([]*side, error) {
	all := []*side{
		{name: "gregor", launch: harness.StartGregor},
		{name: "kafka", launch: harness.StartKafka},
		{name: "floor", launch: launchFloor},
	}
	if list == "" {
		return all, nil
	}
	asked := strings.Split(list, ",")
	for _, name := range asked {
		if !slices.ContainsFunc(all, func(s *side) bool { return s.name == name }) {
			return nil, fmt.Errorf("-sides: no side %q; there are gregor, kafka, floor", name)
		}
	}
	return slices.DeleteFunc(all, func(s *side) bool { return !slices.Contains(asked, s.name) }), nil
}

// launchFloor runs this program again, as the floor.
func launchFloor(o harness.Options) (*harness.Broker, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	return harness.StartProgram("floor", o, func(b *harness.Broker) *exec.Cmd {
		return exec.Command(self, "floor", strconv.Itoa(b.Port), b.Data())
	})
}

// options are the same for all sides. Deleted files give their memory back at
// once, so that the next run finds warm pages.
func options() harness.Options {
	return harness.Options{Name: "bench", Shipped: true, Properties: map[string]string{
		"message.max.bytes":           "2097152",
		"log.segment.delete.delay.ms": "100",
	}}
}

// up gives the side's shared broker, started at the first call.
func (s *side) up() (*harness.Broker, error) {
	if s.broker != nil {
		return s.broker, nil
	}
	b, err := s.launch(options())
	if err != nil {
		return nil, err
	}
	s.broker = b
	return b, nil
}

func (s *side) down() error {
	if s.broker == nil {
		return nil
	}
	b := s.broker
	s.broker = nil
	return b.Remove()
}

// lastWords is the end of the log of a shared broker that has ended, "" where
// it runs.
func (s *side) lastWords() string {
	if s.broker == nil {
		return ""
	}
	select {
	case <-s.broker.Process().Ended():
		return "\nit has ended:\n" + s.broker.Process().Tail(4000)
	default:
		return ""
	}
}

// admin is a client for topics.
func (s *side) admin() (*kadm.Client, error) {
	b, err := s.up()
	if err != nil {
		return nil, err
	}
	client, err := kgo.NewClient(kgo.SeedBrokers(b.Addr()), kgo.RequestTimeoutOverhead(2*time.Minute))
	if err != nil {
		return nil, err
	}
	admin := kadm.NewClient(client)
	admin.SetTimeoutMillis(120_000)
	return admin, nil
}

// topic makes a fresh topic of one partition.
func (s *side) topic(ctx context.Context) (string, error) {
	admin, err := s.admin()
	if err != nil {
		return "", err
	}
	defer admin.Close()
	s.topics++
	name := fmt.Sprintf("stream-%d", s.topics)
	_, err = admin.CreateTopic(ctx, 1, 1, nil, name)
	return name, err
}

// dropWait bounds the wait for the files of a deleted topic to go.
const dropWait = 30 * time.Second

// drop deletes a topic and waits until its files are gone: their pages are
// what the next run writes to.
func (s *side) drop(ctx context.Context, topic string) error {
	admin, err := s.admin()
	if err != nil {
		return err
	}
	defer admin.Close()
	if _, err := admin.DeleteTopic(ctx, topic); err != nil {
		return err
	}
	const leftBytes = 160 << 20 // other topics' files, and Gregor's sync journal
	deadline := time.Now().Add(dropWait)
	for {
		size, err := dirBytes(s.broker.Data())
		if err == nil && size < leftBytes {
			return nil
		}
		if time.Now().After(deadline) {
			return errors.Join(err, fmt.Errorf("%s still holds %d MB %v after its topic was deleted", s.name, size>>20, dropWait))
		}
		if err := sleep(ctx, 50*time.Millisecond); err != nil {
			return err
		}
	}
}

func dirBytes(dir string) (int64, error) {
	var total int64
	err := filepath.WalkDir(dir, func(_ string, e fs.DirEntry, err error) error {
		if errors.Is(err, fs.ErrNotExist) || err == nil && e.IsDir() {
			return nil
		}
		if err != nil {
			return err
		}
		info, err := e.Info()
		if err == nil && filepath.Ext(e.Name()) != ".index" && filepath.Ext(e.Name()) != ".timeindex" {
			total += info.Size()
		}
		return nil
	})
	return total, err
}

func sleep(ctx context.Context, d time.Duration) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(d):
		return nil
	}
}
