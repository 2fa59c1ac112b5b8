// Package lifecycle stops what was started, in reverse order. It starts
// nothing itself. Kind: shell
package lifecycle

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
)

// Stack is what was started, the last on top. The zero value is empty.
type Stack struct {
	stopping sync.Mutex // held while Stop runs
	mu       sync.Mutex
	parts    []part
}

type part struct {
	name string
	stop func(ctx context.Context) error
}

// Push says how to stop what was just started.
func (s *Stack) Push(name string, stop func(ctx context.Context) error) {
	s.mu.Lock()
	s.parts = append(s.parts, part{name, stop})
	s.mu.Unlock()
}

// Go runs a loop until Stop cancels it, and waits for it then. A loop that
// ends with an error before that is reported to failed.
func (s *Stack) Go(name string, run func(ctx context.Context) error, failed func(error)) {
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() {
		err := run(ctx)
		if err != nil && ctx.Err() == nil {
			failed(fmt.Errorf("%s: %w", name, err))
		}
		done <- err
	}()
	s.Push(name, func(context.Context) error {
		cancel()
		if err := <-done; err != nil && !errors.Is(err, context.Canceled) {
			return err
		}
		return nil
	})
}

// Stop stops everything, the last started first, whatever fails on the way,
// and returns all failures. A second call waits for the first, and does nothing.
func (s *Stack) Stop(ctx context.Context) error {
	s.stopping.Lock()
	defer s.stopping.Unlock()
	s.mu.Lock()
	parts := s.parts
	s.parts = nil
	s.mu.Unlock()
	var problems []error
	for _, part := range slices.Backward(parts) {
		if err := part.stop(ctx); err != nil {
			problems = append(problems, fmt.Errorf("stop %s: %w", part.name, err))
		}
	}
	return errors.Join(problems...)
}
