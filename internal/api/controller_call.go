package api

import (
	"context"
	"fmt"
	"time"

	"github.com/gregor-stream/gregor/internal/controller"
	"github.com/gregor-stream/gregor/internal/kafka"
)

// execute runs a decision whose response is of type A.
func execute[A any](ctx context.Context, h *Handlers, call *Call, decide func(controller.Input) controller.Result) (A, error) {
	var none A
	began := time.Now()
	answer, err := h.Controller.Execute(ctx, decide)
	call.waited(time.Since(began), false)
	if err != nil {
		return none, err //nolint:wrapcheck // it carries the code for the response
	}
	resp, ok := answer.(A)
	if !ok {
		return none, fmt.Errorf("the controller answered %T, not %T", answer, none)
	}
	return resp, nil
}

// executeWithin is execute for a request with a time limit. Kafka's controller
// does not begin what should have been done before its turn came; with a limit
// of 0 that is always so.
func executeWithin[A any](ctx context.Context, h *Handlers, call *Call, timeoutMs int32, decide func(controller.Input) controller.Result) (A, error) {
	if timeoutMs <= 0 {
		var none A
		return none, kafka.ErrRequestTimedOut
	}
	return execute[A](ctx, h, call, decide)
}

// failure is the code and the message of err for a response. Kafka gives the
// code's own sentence where there is no other.
func failure(err error) (int16, *string) {
	code := kafka.CodeOf(err)
	return int16(code), kafka.MessageOf(err)
}
