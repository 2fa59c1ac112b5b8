package lifecycle

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
)

func TestStopIsInReverseOrderWhateverFails(t *testing.T) {
	var s Stack
	var order []string
	for _, name := range []string{"first", "second", "third"} {
		s.Push(name, func(context.Context) error {
			order = append(order, name)
			if name == "second" {
				return errors.New("stuck")
			}
			return nil
		})
	}
	err := s.Stop(t.Context())
	if want := []string{"third", "second", "first"}; !slices.Equal(order, want) {
		t.Errorf("stopped %v, want %v", order, want)
	}
	if err == nil || !strings.Contains(err.Error(), "stop second: stuck") {
		t.Errorf("the failure is lost: %v", err)
	}
	if err := s.Stop(t.Context()); err != nil || len(order) != 3 {
		t.Errorf("a second Stop did something: %v, %v", err, order)
	}
}

func TestALoopIsCancelledAndWaitedFor(t *testing.T) {
	var s Stack
	ended := false
	s.Go("loop", func(ctx context.Context) error {
		<-ctx.Done()
		ended = true
		return ctx.Err()
	}, func(err error) { t.Errorf("failed: %v", err) })
	if err := s.Stop(t.Context()); err != nil || !ended {
		t.Errorf("%v, ended %v", err, ended)
	}
}

func TestALoopThatEndsByItselfIsReported(t *testing.T) {
	var s Stack
	failed := make(chan error, 1)
	s.Go("loop", func(context.Context) error { return errors.New("disk gone") }, func(err error) { failed <- err })
	if err := <-failed; !strings.Contains(err.Error(), "loop: disk gone") {
		t.Errorf("%v", err)
	}
	if err := s.Stop(t.Context()); err == nil {
		t.Error("Stop forgets the failure")
	}
}
