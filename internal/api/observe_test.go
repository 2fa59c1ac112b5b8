package api

import (
	"os"
	"reflect"
	"strings"
	"testing"

	"github.com/gregor-stream/gregor/internal/kafka"
	"github.com/gregor-stream/gregor/internal/msg"
)

func TestEveryReasonIsExplained(t *testing.T) {
	page, err := os.ReadFile("../../docs/observe.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range []string{reasonHeader, reasonBody, reasonKey, reasonVersion, reasonAcks, reasonFailed} {
		if !strings.Contains(string(page), "`"+r+"`") {
			t.Errorf("docs/observe.md does not explain %s", r)
		}
	}
}

type counted map[kafka.Error]int

func (c counted) CountErrors(_ kafka.APIKey, code kafka.Error, n int) { c[code] += n }

func TestErrorCodesAreFoundInNestedLists(t *testing.T) {
	answer := &msg.DeleteRecordsResponse{Topics: []msg.DeleteRecordsResponseDeleteRecordsTopicResult{
		{Partitions: []msg.DeleteRecordsResponseDeleteRecordsPartitionResult{{ErrorCode: 3}, {}}},
		{Partitions: []msg.DeleteRecordsResponseDeleteRecordsPartitionResult{{ErrorCode: 3}}},
	}}
	got := counted{}
	find := errorCodesOf(reflect.TypeFor[msg.DeleteRecordsResponse]())
	h := &Handlers{Deps: Deps{Errors: got}}
	find.count(h, kafka.DeleteRecords, reflect.ValueOf(answer).Elem())
	if got[3] != 2 || got[0] != 1 || len(got) != 2 {
		t.Errorf("%v", got)
	}
	top := errorCodesOf(reflect.TypeFor[msg.HeartbeatResponse]())
	top.count(h, kafka.Heartbeat, reflect.ValueOf(&msg.HeartbeatResponse{ErrorCode: 25}).Elem())
	if got[25] != 1 {
		t.Errorf("%v", got)
	}
	if n := testing.AllocsPerRun(100, func() { find.count(h, kafka.DeleteRecords, reflect.ValueOf(answer).Elem()) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}
