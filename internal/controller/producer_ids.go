package controller

import (
	"math"

	"github.com/gregor-stream/gregor/internal/kafka"
	"github.com/gregor-stream/gregor/internal/metadata"
	"github.com/gregor-stream/gregor/internal/msg"
)

// producerIDBlock is how many producer ids a broker gets at a time.
const producerIDBlock = 1000

// AllocateProducerIDs answers *msg.AllocateProducerIdsResponse: the next block
// of producer ids is the broker's own, for ever.
func AllocateProducerIDs(in Input, req *msg.AllocateProducerIdsRequest) Result {
	resp := msg.NewAllocateProducerIdsResponse()
	if err := in.checkBrokerEpoch(req.BrokerId, req.BrokerEpoch); err != nil {
		resp.ErrorCode = int16(kafka.CodeOf(err))
		return Result{Response: resp}
	}
	first := int64(in.Image.ProducerIDs.Next)
	if first > math.MaxInt64-producerIDBlock {
		resp.ErrorCode = int16(kafka.ErrUnknownServerError) // used up; Kafka has no code for it
		return Result{Response: resp}
	}
	resp.ProducerIdStart, resp.ProducerIdLen = first, producerIDBlock
	record := &msg.ProducerIdsRecord{BrokerId: req.BrokerId, BrokerEpoch: req.BrokerEpoch, NextProducerId: first + producerIDBlock}
	return Result{Records: []metadata.Record{{Message: record}}, Response: resp}
}
