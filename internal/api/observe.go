package api

import (
	"reflect"
	"sync/atomic"
	"time"

	"github.com/gregor-stream/gregor/internal/kafka"
	"github.com/gregor-stream/gregor/internal/msg"
)

// Errors counts the error codes in answers.
type Errors interface {
	CountErrors(key kafka.APIKey, code kafka.Error, n int)
}

// About is what an observer wants to know of a request besides its frame.
type About struct {
	Key       kafka.APIKey
	Version   int16
	Follower  bool
	Client    string
	Principal string
}

// waiting counts the requests that wait, by what for.
type waiting struct {
	produce, fetch, group atomic.Int64
	committed             atomic.Int64 // offsets committed since the start
}

// Stats is what the handlers know of their work.
type Stats struct {
	WaitingProduce, WaitingFetch, WaitingGroup int64
	HeldProduce                                int64 // parked answers that somebody has still, decided or not
	OffsetsCommitted                           int64
	FetchSessions, FetchSessionPartitions      int
	FetchSessionEvictions                      int64
}

// Stats looks at the work now.
func (h *Handlers) Stats() Stats {
	h.sessions.mu.Lock()
	sessions := h.sessions.cache.Stats()
	h.sessions.mu.Unlock()
	return Stats{
		WaitingProduce: h.waiting.produce.Load(), WaitingFetch: h.waiting.fetch.Load(), WaitingGroup: h.waiting.group.Load(),
		HeldProduce: h.pending.out.Load(), OffsetsCommitted: h.waiting.committed.Load(),
		FetchSessions: sessions.Sessions, FetchSessionPartitions: sessions.Partitions, FetchSessionEvictions: sessions.Evictions,
	}
}

// waits runs f, in which the request waits for something beyond this broker's
// processor. asked says that the client itself asked to wait so.
func (call *Call) waits(asked bool, f func()) {
	began := time.Now()
	f()
	call.waited(time.Since(began), asked)
}

func (call *Call) waited(d time.Duration, asked bool) {
	call.remote += d
	if asked {
		call.asked += d
	}
}

// countError counts one code of an answer.
func (h *Handlers) countError(key kafka.APIKey, code int16, n int) {
	if h.Errors != nil && n > 0 {
		h.Errors.CountErrors(key, kafka.Error(code), n)
	}
}

// countProduce counts the codes of a Produce answer.
func (h *Handlers) countProduce(resp *msg.ProduceResponse) {
	if h.Errors == nil {
		return
	}
	fine := 0
	for i := range resp.Responses {
		for j := range resp.Responses[i].PartitionResponses {
			if code := resp.Responses[i].PartitionResponses[j].ErrorCode; code != 0 {
				h.countError(kafka.Produce, code, 1)
			} else {
				fine++
			}
		}
	}
	h.countError(kafka.Produce, 0, fine)
}

// errorCodes finds the error codes in an answer of one type, by its fields named
// ErrorCode, those of nested lists too: which is what Kafka counts.
type errorCodes struct {
	field int // of ErrorCode; -1: none here
	lists []errorCodesIn
}

type errorCodesIn struct {
	field int
	codes errorCodes
}

// errorCodesOf looks at a type once, so that counting looks at values only.
func errorCodesOf(t reflect.Type) errorCodes {
	c := errorCodes{field: -1}
	for i := range t.NumField() {
		f := t.Field(i)
		switch {
		case f.Name == "ErrorCode" && f.Type.Kind() == reflect.Int16:
			c.field = i
		case f.Type.Kind() == reflect.Slice && f.Type.Elem().Kind() == reflect.Struct:
			if inner := errorCodesOf(f.Type.Elem()); !inner.none() {
				c.lists = append(c.lists, errorCodesIn{i, inner})
			}
		}
	}
	return c
}

func (c *errorCodes) none() bool { return c.field < 0 && len(c.lists) == 0 }

// count counts the codes of an answer.
func (c *errorCodes) count(h *Handlers, key kafka.APIKey, answer reflect.Value) {
	if c.field >= 0 {
		h.countError(key, int16(answer.Field(c.field).Int()), 1) //nolint:gosec // an int16
	}
	for i := range c.lists {
		list := answer.Field(c.lists[i].field)
		for j := range list.Len() {
			c.lists[i].codes.count(h, key, list.Index(j))
		}
	}
}

// refused is an error that closes a connection, with a reason to count.
type refused struct {
	reason string
	error
}

// Reason is one of the reasons below.
func (r *refused) Reason() string { return r.reason }

// Unwrap gives the error.
func (r *refused) Unwrap() error { return r.error }

// The reasons for which a request ends its connection.
const (
	reasonHeader  = "malformed_header"
	reasonBody    = "malformed_request"
	reasonKey     = "unsupported_api"
	reasonVersion = "unsupported_version"
	reasonAcks    = "failed_without_acks" // a failed acks=0 request: the client is to look again
	reasonFailed  = "failed"
)
