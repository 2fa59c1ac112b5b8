package replica

import (
	"errors"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/gregor-stream/gregor/internal/kafka"
)

// told collects what a list told.
type told struct {
	at   []int
	errs []error
}

func (d *told) Acked(a *Ack, err error) {
	d.at, d.errs = append(d.at, a.At), append(d.errs, err)
	*a = Ack{} // its memory is free for anything
}

// TestAcksAreToldOnceOrRemovedOnce holds the list against a slice.
func TestAcksAreToldOnceOrRemovedOnce(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var list Acks
		var got told
		acks := make([]Ack, 8)
		var model []int // the places in acks, in order
		for range rapid.IntRange(1, 60).Draw(t, "steps") {
			i := rapid.IntRange(0, len(acks)-1).Draw(t, "which")
			at := slices.Index(model, i)
			switch rapid.SampledFrom([]string{"push", "remove", "decide"}).Draw(t, "step") {
			case "push":
				if at < 0 {
					acks[i] = Ack{End: kafka.Offset(rapid.IntRange(0, 9).Draw(t, "end")), Done: &got, At: i}
					list.Push(&acks[i])
					model = append(model, i)
				}
			case "remove":
				if removed := list.Remove(&acks[i]); removed != (at >= 0) {
					t.Fatalf("removed %v, listed %v", removed, at >= 0)
				}
				if at >= 0 {
					model = slices.Delete(model, at, at+1)
				}
			case "decide":
				end := kafka.Offset(rapid.IntRange(0, 9).Draw(t, "decided up to"))
				var want []int
				model = slices.DeleteFunc(model, func(i int) bool {
					if acks[i].End > end {
						return false
					}
					want = append(want, i)
					return true
				})
				failed := errors.New("odd")
				got = told{}
				d := list.Decide(func(a *Ack) (bool, error) {
					if a.End%2 == 1 {
						return a.End <= end, failed
					}
					return a.End <= end, nil
				})
				for _, i := range want {
					if list.Remove(&acks[i]) {
						t.Fatal("what is decided was removed, too")
					}
				}
				var errs []error
				for _, i := range want {
					errs = append(errs, map[bool]error{true: failed}[acks[i].End%2 == 1])
				}
				d.Tell()
				if d.Count != len(want) || !slices.Equal(got.at, want) || !slices.Equal(got.errs, errs) {
					t.Fatalf("told %v %v (%d), want %v %v", got.at, got.errs, d.Count, want, errs)
				}
			}
			var listed, back []int
			for a := list.first; a != nil; a = a.next {
				listed = append(listed, a.At)
			}
			for a := list.last; a != nil; a = a.prev {
				back = append(back, a.At)
			}
			slices.Reverse(back)
			if !slices.Equal(listed, model) || !slices.Equal(back, model) {
				t.Fatalf("listed %v, backwards %v, want %v", listed, back, model)
			}
		}
	})
}

func TestAckThatWaitsTwiceIsABrokenInvariant(t *testing.T) {
	var list Acks
	a := &Ack{Done: &told{}}
	list.Push(a)
	defer func() {
		if recover() == nil {
			t.Error("an acknowledgement was listed twice")
		}
	}()
	list.Push(a)
}
