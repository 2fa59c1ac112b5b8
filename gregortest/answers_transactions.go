package gregortest

import (
	"github.com/gregor-stream/gregor/internal/kafka"
	"github.com/gregor-stream/gregor/internal/msg"
)

// ofTransaction says whether a code is one of a transaction and not of the
// broker that was asked.
func ofTransaction(code kafka.Error) bool {
	return code != kafka.ErrClusterAuthorizationFailed && code != kafka.ErrUnsupportedVersion && code != kafka.ErrUnknownServerError
}

// failAddPartitionsToTxn: from version 4 a request of a broker asks for several
// transactions, and has room for what is wrong with the broker.
func failAddPartitionsToTxn(req *msg.AddPartitionsToTxnRequest, f failure) *msg.AddPartitionsToTxnResponse {
	resp := msg.NewAddPartitionsToTxnResponse()
	topics := func(list []msg.AddPartitionsToTxnRequestAddPartitionsToTxnTopic) []msg.AddPartitionsToTxnResponseAddPartitionsToTxnTopicResult {
		return each(list, func(t *msg.AddPartitionsToTxnRequestAddPartitionsToTxnTopic) msg.AddPartitionsToTxnResponseAddPartitionsToTxnTopicResult {
			return msg.AddPartitionsToTxnResponseAddPartitionsToTxnTopicResult{Name: t.Name,
				ResultsByPartition: each(t.Partitions, func(p *int32) msg.AddPartitionsToTxnResponseAddPartitionsToTxnPartitionResult {
					return msg.AddPartitionsToTxnResponseAddPartitionsToTxnPartitionResult{PartitionIndex: *p, PartitionErrorCode: f.number()}
				})}
		})
	}
	switch {
	case f.version < 4:
		resp.ResultsByTopicV3AndBelow = topics(req.V3AndBelowTopics)
	case !ofTransaction(f.code):
		resp.ErrorCode = f.number()
	default:
		resp.ResultsByTransaction = each(req.Transactions,
			func(t *msg.AddPartitionsToTxnRequestAddPartitionsToTxnTransaction) msg.AddPartitionsToTxnResponseAddPartitionsToTxnResult {
				return msg.AddPartitionsToTxnResponseAddPartitionsToTxnResult{TransactionalId: t.TransactionalId, TopicResults: topics(t.Topics)}
			})
	}
	return resp
}

func failAddOffsetsToTxn(_ *msg.AddOffsetsToTxnRequest, f failure) *msg.AddOffsetsToTxnResponse {
	resp := msg.NewAddOffsetsToTxnResponse()
	resp.ErrorCode = f.number()
	return resp
}

func failEndTxn(_ *msg.EndTxnRequest, f failure) *msg.EndTxnResponse {
	resp := msg.NewEndTxnResponse()
	resp.ErrorCode, resp.ProducerId, resp.ProducerEpoch = f.number(), -1, -1
	return resp
}

func failWriteTxnMarkers(req *msg.WriteTxnMarkersRequest, f failure) *msg.WriteTxnMarkersResponse {
	resp := msg.NewWriteTxnMarkersResponse()
	resp.Markers = each(req.Markers, func(m *msg.WriteTxnMarkersRequestWritableTxnMarker) msg.WriteTxnMarkersResponseWritableTxnMarkerResult {
		return msg.WriteTxnMarkersResponseWritableTxnMarkerResult{ProducerId: m.ProducerId,
			Topics: each(m.Topics, func(t *msg.WriteTxnMarkersRequestWritableTxnMarkerTopic) msg.WriteTxnMarkersResponseWritableTxnMarkerTopicResult {
				return msg.WriteTxnMarkersResponseWritableTxnMarkerTopicResult{Name: t.Name,
					Partitions: each(t.PartitionIndexes, func(p *int32) msg.WriteTxnMarkersResponseWritableTxnMarkerPartitionResult {
						return msg.WriteTxnMarkersResponseWritableTxnMarkerPartitionResult{PartitionIndex: *p, ErrorCode: f.number()}
					})}
			})}
	})
	return resp
}

func failTxnOffsetCommit(req *msg.TxnOffsetCommitRequest, f failure) *msg.TxnOffsetCommitResponse {
	resp := msg.NewTxnOffsetCommitResponse()
	resp.Topics = each(req.Topics, func(t *msg.TxnOffsetCommitRequestTopic) msg.TxnOffsetCommitResponseTopic {
		return msg.TxnOffsetCommitResponseTopic{Name: t.Name, TopicId: t.TopicId,
			Partitions: each(t.Partitions, func(p *msg.TxnOffsetCommitRequestPartition) msg.TxnOffsetCommitResponsePartition {
				return msg.TxnOffsetCommitResponsePartition{PartitionIndex: p.PartitionIndex, ErrorCode: f.number()}
			})}
	})
	return resp
}

func failDescribeTransactions(req *msg.DescribeTransactionsRequest, f failure) *msg.DescribeTransactionsResponse {
	resp := msg.NewDescribeTransactionsResponse()
	resp.TransactionStates = each(req.TransactionalIds, func(id *string) msg.DescribeTransactionsResponseTransactionState {
		return msg.DescribeTransactionsResponseTransactionState{TransactionalId: *id, ErrorCode: f.number()}
	})
	return resp
}

func failListTransactions(_ *msg.ListTransactionsRequest, f failure) *msg.ListTransactionsResponse {
	resp := msg.NewListTransactionsResponse()
	resp.ErrorCode = f.number()
	return resp
}
