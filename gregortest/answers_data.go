package gregortest

import (
	"github.com/gregor-stream/gregor/internal/kafka"
	"github.com/gregor-stream/gregor/internal/msg"
)

func answerProduce(q *request, code kafka.Error) (*answer, error) {
	silent := false
	a, err := with(func(req *msg.ProduceRequest, f failure) *msg.ProduceResponse {
		silent = req.Acks == 0
		resp := msg.NewProduceResponse()
		resp.Responses = each(req.TopicData, func(t *msg.ProduceRequestTopicProduceData) msg.ProduceResponseTopicProduceResponse {
			return msg.ProduceResponseTopicProduceResponse{Name: t.Name, TopicId: t.TopicId,
				PartitionResponses: each(t.PartitionData, func(p *msg.ProduceRequestPartitionProduceData) msg.ProduceResponsePartitionProduceResponse {
					out := msg.NewProduceResponsePartitionProduceResponse()
					out.Index, out.ErrorCode, out.ErrorMessage, out.BaseOffset = p.Index, f.number(), f.text(), -1
					return *out
				})}
		})
		return resp
	})(q, code)
	if a != nil {
		a.silent = silent
	}
	return a, err
}

// ofSession says whether an error is one of a fetch session, at the top of a
// response, and not of a partition.
func ofSession(code kafka.Error) bool {
	return code == kafka.ErrFetchSessionIDNotFound || code == kafka.ErrInvalidFetchSessionEpoch || code == kafka.ErrFetchSessionTopicIDError
}

func answerFetch(q *request, code kafka.Error) (*answer, error) {
	var req msg.FetchRequest
	if err := msg.Unmarshal(&req, q.body, q.head.Version); err != nil {
		return nil, nil //nolint:nilerr // the broker says what is wrong with it
	}
	resp := msg.NewFetchResponse()
	a := &answer{body: resp, version: q.head.Version}
	switch incremental := req.SessionId != 0 && req.SessionEpoch > 0; {
	case ofSession(code) && incremental:
		resp.ErrorCode = int16(code)
		return a, nil
	case incremental:
		resp.ErrorCode, a.free = int16(kafka.ErrFetchSessionIDNotFound), true
		return a, nil
	case ofSession(code) || len(req.Topics) == 0:
		return nil, nil
	}
	resp.Responses = each(req.Topics, func(t *msg.FetchRequestFetchTopic) msg.FetchResponseFetchableTopicResponse {
		return msg.FetchResponseFetchableTopicResponse{Topic: t.Topic, TopicId: t.TopicId,
			Partitions: each(t.Partitions, func(p *msg.FetchRequestFetchPartition) msg.FetchResponsePartitionData {
				out := msg.NewFetchResponsePartitionData()
				out.PartitionIndex, out.ErrorCode, out.HighWatermark = p.Partition, int16(code), -1
				out.AbortedTransactions, out.Records = nil, []byte{}
				return *out
			})}
	})
	return a, nil
}

func failListOffsets(req *msg.ListOffsetsRequest, f failure) *msg.ListOffsetsResponse {
	resp := msg.NewListOffsetsResponse()
	resp.Topics = each(req.Topics, func(t *msg.ListOffsetsRequestListOffsetsTopic) msg.ListOffsetsResponseListOffsetsTopicResponse {
		return msg.ListOffsetsResponseListOffsetsTopicResponse{Name: t.Name,
			Partitions: each(t.Partitions, func(p *msg.ListOffsetsRequestListOffsetsPartition) msg.ListOffsetsResponseListOffsetsPartitionResponse {
				out := msg.NewListOffsetsResponseListOffsetsPartitionResponse()
				out.PartitionIndex, out.ErrorCode = p.PartitionIndex, f.number()
				return *out
			})}
	})
	return resp
}

func failDeleteRecords(req *msg.DeleteRecordsRequest, f failure) *msg.DeleteRecordsResponse {
	resp := msg.NewDeleteRecordsResponse()
	resp.Topics = each(req.Topics, func(t *msg.DeleteRecordsRequestDeleteRecordsTopic) msg.DeleteRecordsResponseDeleteRecordsTopicResult {
		return msg.DeleteRecordsResponseDeleteRecordsTopicResult{Name: t.Name,
			Partitions: each(t.Partitions, func(p *msg.DeleteRecordsRequestDeleteRecordsPartition) msg.DeleteRecordsResponseDeleteRecordsPartitionResult {
				return msg.DeleteRecordsResponseDeleteRecordsPartitionResult{PartitionIndex: p.PartitionIndex, LowWatermark: -1, ErrorCode: f.number()}
			})}
	})
	return resp
}

func failInitProducerID(_ *msg.InitProducerIdRequest, f failure) *msg.InitProducerIdResponse {
	resp := msg.NewInitProducerIdResponse()
	resp.ErrorCode, resp.ProducerId, resp.ProducerEpoch = f.number(), -1, -1
	return resp
}

func failOffsetForLeaderEpoch(req *msg.OffsetForLeaderEpochRequest, f failure) *msg.OffsetForLeaderEpochResponse {
	resp := msg.NewOffsetForLeaderEpochResponse()
	resp.Topics = each(req.Topics, func(t *msg.OffsetForLeaderEpochRequestOffsetForLeaderTopic) msg.OffsetForLeaderEpochResponseOffsetForLeaderTopicResult {
		return msg.OffsetForLeaderEpochResponseOffsetForLeaderTopicResult{Topic: t.Topic,
			Partitions: each(t.Partitions, func(p *msg.OffsetForLeaderEpochRequestOffsetForLeaderPartition) msg.OffsetForLeaderEpochResponseEpochEndOffset {
				return msg.OffsetForLeaderEpochResponseEpochEndOffset{Partition: p.Partition, ErrorCode: f.number(), LeaderEpoch: -1, EndOffset: -1}
			})}
	})
	return resp
}

func failDescribeProducers(req *msg.DescribeProducersRequest, f failure) *msg.DescribeProducersResponse {
	resp := msg.NewDescribeProducersResponse()
	resp.Topics = each(req.Topics, func(t *msg.DescribeProducersRequestTopicRequest) msg.DescribeProducersResponseTopicResponse {
		return msg.DescribeProducersResponseTopicResponse{Name: t.Name,
			Partitions: each(t.PartitionIndexes, func(p *int32) msg.DescribeProducersResponsePartitionResponse {
				return msg.DescribeProducersResponsePartitionResponse{PartitionIndex: *p, ErrorCode: f.number(), ErrorMessage: f.text()}
			})}
	})
	return resp
}
