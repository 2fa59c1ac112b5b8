package wire

import (
	"fmt"
	"reflect"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// masker replaces what two brokers cannot agree on. Everything that is
// masked is listed in this file, with the reason.
type masker struct {
	port int       // of the broker that answered
	now  time.Time // of the run
	text *regexp.Regexp
	// unpacks says that the records of compressed batches are compared unpacked:
	// the brokers pack them themselves, and differently.
	unpacks bool
	// nullIsEmpty says that no records and null are one: to some refusals Kafka
	// 3.9 answers null in versions that do not know null there.
	nullIsEmpty bool
}

func newMasker(port int, now time.Time) *masker {
	return &masker{port: port, now: now, text: regexp.MustCompile(`[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}`)}
}

// skipped fields say nothing about the broker.
func skipped(field string) bool {
	switch field {
	case "Version", "UnknownTags", // of kmsg, not of the message
		"ThrottleMillis": // depends on quotas and time
		return true
	}
	return false
}

// masks maps TypeOfKmsg.Field to the reason why its value is not compared.
func masks() map[string]string {
	return map[string]string{
		"MetadataResponse.ClusterID":                                          "generated",
		"DescribeClusterResponse.ClusterID":                                   "generated",
		"DescribeLogDirsResponseDir.Dir":                                      "a path",
		"DescribeLogDirsResponseDir.TotalBytes":                               "of the machine's disk",
		"DescribeLogDirsResponseDir.UsableBytes":                              "of the machine's disk",
		"DescribeQuorumResponseTopicPartition.HighWatermark":                  "the metadata log's length",
		"DescribeQuorumResponseTopicPartition.LeaderEpoch":                    "counts restarts",
		"DescribeQuorumResponseTopicPartitionReplicaState.LogEndOffset":       "the metadata log's length",
		"ApiVersionsResponse.FinalizedFeaturesEpoch":                          "the metadata log's length",
		"JoinGroupResponse.MemberID":                                          "generated",
		"JoinGroupResponse.LeaderID":                                          "generated",
		"JoinGroupResponseMember.MemberID":                                    "generated",
		"DescribeGroupsResponseGroupMember.MemberID":                          "generated",
		"LeaveGroupResponseMember.MemberID":                                   "generated",
		"DescribeProducersResponseTopicPartitionActiveProducer.ProducerID":    "generated",
		"FetchResponse.SessionID":                                             "generated",
		"InitProducerIDResponse.ProducerID":                                   "generated",
		"EndTxnResponse.ProducerID":                                           "generated",
		"DescribeTransactionsResponseTransactionState.ProducerID":             "generated",
		"ListTransactionsResponseTransactionState.ProducerID":                 "generated",
		"WriteTxnMarkersResponseMarker.ProducerID":                            "generated",
		"FetchResponseTopicPartitionAbortedTransaction.ProducerID":            "generated",
		"DescribeQuorumResponseTopicPartitionReplicaState.ReplicaDirectoryID": "generated",
	}
}

// mask returns what is compared instead of a field's value.
func (m *masker) mask(path, field string, v reflect.Value) (string, bool) {
	_, listed := masks()[path]
	switch {
	case v.Type() == reflect.TypeFor[[16]byte](): // a generated id; that it is there is compared
		if v.IsZero() {
			return "zero", true
		}
		return "<id>", true
	case field == "ErrorMessage": // each broker has its own sentences
		if v.Kind() == reflect.Pointer && v.IsNil() {
			return "null", true
		}
		return "<text>", true
	case field == "Port" && v.CanInt() && v.Int() == int64(m.port):
		return "<port>", true
	case path == "DescribeQuorumResponseNodeListener.Port": // of the controller's listener
		return "<port>", true
	case listed && field == "ClusterID" && v.Kind() == reflect.String:
		return fmt.Sprint(len(v.String()), " characters"), true
	case listed && v.Kind() == reflect.String:
		if v.String() == "" {
			return `""`, true
		}
		return m.text.ReplaceAllString(m.unlessPath(path, v.String()), "<id>"), true
	case listed && v.Kind() == reflect.Pointer:
		if v.IsNil() {
			return "null", true
		}
		return "<masked>", true
	case listed && v.CanInt():
		if v.Int() < 0 || v.Int() == 0 && path == "FetchResponse.SessionID" {
			return strconv.FormatInt(v.Int(), 10), true
		}
		return "<masked>", true
	case field == "Value" && v.Kind() == reflect.Pointer && !v.IsNil() && own(v.Elem().String()):
		return "<own>", true
	case v.Kind() == reflect.Int64 && m.recent(v.Int()):
		return "<now>", true
	}
	return "", false
}

// own tells the values of configs that name the broker's ports and folders.
func own(value string) bool {
	return strings.Contains(value, "localhost:") || strings.HasPrefix(value, "/")
}

// unlessPath keeps the readable part of generated names, nothing of paths.
func (m *masker) unlessPath(path, value string) string {
	if path == "DescribeLogDirsResponseDir.Dir" {
		return "<path>"
	}
	return value
}

// recent tells timestamps that the broker made: the tests' own lie in 2020.
func (m *masker) recent(ms int64) bool {
	const day = 24 * 60 * 60 * 1000
	now := m.now.UnixMilli()
	return ms > now-day && ms < now+day
}
