package gregortest

import (
	"github.com/gregor-stream/gregor/internal/kafka"
	"github.com/gregor-stream/gregor/internal/msg"
)

// API is an API key of Kafka's protocol.
type API int16

// The API keys that a broker serves.
const (
	Produce                     API = 0
	Fetch                       API = 1
	ListOffsets                 API = 2
	Metadata                    API = 3
	OffsetCommit                API = 8
	OffsetFetch                 API = 9
	FindCoordinator             API = 10
	JoinGroup                   API = 11
	Heartbeat                   API = 12
	LeaveGroup                  API = 13
	SyncGroup                   API = 14
	DescribeGroups              API = 15
	ListGroups                  API = 16
	ApiVersions                 API = 18
	CreateTopics                API = 19
	DeleteTopics                API = 20
	DeleteRecords               API = 21
	InitProducerId              API = 22
	OffsetForLeaderEpoch        API = 23
	AddPartitionsToTxn          API = 24
	AddOffsetsToTxn             API = 25
	EndTxn                      API = 26
	WriteTxnMarkers             API = 27
	TxnOffsetCommit             API = 28
	DescribeConfigs             API = 32
	AlterConfigs                API = 33
	DescribeLogDirs             API = 35
	CreatePartitions            API = 37
	DeleteGroups                API = 42
	ElectLeaders                API = 43
	IncrementalAlterConfigs     API = 44
	AlterPartitionReassignments API = 45
	ListPartitionReassignments  API = 46
	OffsetDelete                API = 47
	DescribeQuorum              API = 55
	UpdateFeatures              API = 57
	DescribeCluster             API = 60
	DescribeProducers           API = 61
	DescribeTransactions        API = 65
	ListTransactions            API = 66
	ListConfigResources         API = 74
	DescribeTopicPartitions     API = 75
)

// String is Kafka's name of the key.
func (a API) String() string { return kafka.APIKey(a).String() }

// answers says for each API key where its response has room for an error: where
// Kafka's own request classes put it (getErrorResponse), and for codes that Kafka
// gives to one part of a request, in each part.
func answers() map[API]answerer {
	return map[API]answerer{
		Produce:                     answerProduce,
		Fetch:                       answerFetch,
		ListOffsets:                 with(failListOffsets),
		Metadata:                    answerMetadata,
		OffsetCommit:                with(failOffsetCommit),
		OffsetFetch:                 with(failOffsetFetch),
		FindCoordinator:             with(failFindCoordinator),
		JoinGroup:                   with(failJoinGroup),
		Heartbeat:                   with(failHeartbeat),
		LeaveGroup:                  with(failLeaveGroup),
		SyncGroup:                   with(failSyncGroup),
		DescribeGroups:              with(failDescribeGroups),
		ListGroups:                  with(failListGroups),
		ApiVersions:                 answerAPIVersions,
		CreateTopics:                with(failCreateTopics),
		DeleteTopics:                with(failDeleteTopics),
		DeleteRecords:               with(failDeleteRecords),
		InitProducerId:              with(failInitProducerID),
		OffsetForLeaderEpoch:        with(failOffsetForLeaderEpoch),
		AddPartitionsToTxn:          with(failAddPartitionsToTxn),
		AddOffsetsToTxn:             with(failAddOffsetsToTxn),
		EndTxn:                      with(failEndTxn),
		WriteTxnMarkers:             with(failWriteTxnMarkers),
		TxnOffsetCommit:             with(failTxnOffsetCommit),
		DescribeConfigs:             with(failDescribeConfigs),
		AlterConfigs:                with(failAlterConfigs),
		DescribeLogDirs:             answerDescribeLogDirs,
		CreatePartitions:            with(failCreatePartitions),
		DeleteGroups:                with(failDeleteGroups),
		ElectLeaders:                with(failElectLeaders),
		IncrementalAlterConfigs:     with(failIncrementalAlterConfigs),
		AlterPartitionReassignments: with(failAlterPartitionReassignments),
		ListPartitionReassignments:  with(failListPartitionReassignments),
		OffsetDelete:                with(failOffsetDelete),
		DescribeQuorum:              with(failDescribeQuorum),
		UpdateFeatures:              with(failUpdateFeatures),
		DescribeCluster:             with(failDescribeCluster),
		DescribeProducers:           with(failDescribeProducers),
		DescribeTransactions:        with(failDescribeTransactions),
		ListTransactions:            with(failListTransactions),
		ListConfigResources:         with(failListConfigResources),
		DescribeTopicPartitions:     with(failDescribeTopicPartitions),
	}
}

// failure is the error of an answer.
type failure struct {
	version int16
	code    kafka.Error
}

// number is the code as it travels.
func (f failure) number() int16 { return int16(f.code) }

// text is what stands beside the code where a response has room for words.
func (f failure) text() *string {
	s := "gregortest: the test asked for " + f.code.Error()
	return &s
}

// with makes an answerer of a function from request to response.
func with[Q any, PQ interface {
	*Q
	msg.Request
}, A msg.Response](fail func(req *Q, f failure) A) answerer {
	return func(q *request, code kafka.Error) (*answer, error) {
		req := new(Q)
		if err := msg.Unmarshal(PQ(req), q.body, q.head.Version); err != nil {
			return nil, nil //nolint:nilerr // the broker says what is wrong with it
		}
		f := failure{version: q.head.Version, code: code}
		return &answer{body: fail(req, f), version: f.version}, nil
	}
}

// each makes a list of the same shape as another.
func each[A, B any](list []A, f func(a *A) B) []B {
	out := make([]B, len(list))
	for i := range list {
		out[i] = f(&list[i])
	}
	return out
}
