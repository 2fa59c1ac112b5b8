package admin

import (
	"encoding/hex"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/gregor-stream/gregor/internal/kafka"
)

// The vectors are those of RFC 7914's section 11 and of RFC 6070's words with
// the other hash.
func TestASaltedPasswordIsRFC5802s(t *testing.T) {
	tests := map[Mechanism]string{
		ScramSHA256: "c5e478d59288c841aa530db6845c4c8d962893a001ce4e11a4963873aa98134a",
		ScramSHA512: "d197b1b33db0143e018b12f3d1d1479e6cdebdcc97c5c0f87f6902e072f457b5143f30602641b3d55cd335988cb36b84376060ecd532e039b742a239434af2d5",
	}
	for mechanism, want := range tests {
		p := Password{Credential{mechanism, 4096}, "password"}
		got, err := p.hi([]byte("salt"))
		if err != nil || hex.EncodeToString(got) != want {
			t.Errorf("%v: %x, %v", mechanism, got, err)
		}
		one, _, _ := p.salted()
		other, _, _ := p.salted()
		if slices.Equal(one, other) {
			t.Errorf("%v: the same salt twice", mechanism)
		}
	}
}

// page is an answer about partitions of one topic.
func page(topic string, partitions ...int32) kmsg.DescribeTopicPartitionsResponseTopic {
	t := kmsg.NewDescribeTopicPartitionsResponseTopic()
	t.Topic = &topic
	for _, n := range partitions {
		p := kmsg.NewDescribeTopicPartitionsResponseTopicPartition()
		p.Partition = n
		t.Partitions = append(t.Partitions, p)
	}
	return t
}

func TestATopicGoesOnInTheNextPage(t *testing.T) {
	var topics []Topic
	for _, answer := range [][]kmsg.DescribeTopicPartitionsResponseTopic{
		{page("a", 0, 1), page("b", 0)}, {page("b", 1, 2)}, {page("b", 3), page("c", 0)},
	} {
		var err error
		if topics, err = appendPage(topics, answer); err != nil {
			t.Fatal(err)
		}
	}
	var got []string
	for _, topic := range topics {
		numbers := ""
		for _, p := range topic.Partitions {
			numbers += string('0' + p.Number)
		}
		got = append(got, topic.Name+numbers)
	}
	if strings.Join(got, " ") != "a01 b0123 c0" {
		t.Errorf("%v", got)
	}
	refused := page("d")
	refused.ErrorCode = int16(kafka.ErrUnknownTopicOrPartition)
	if _, err := appendPage(topics, []kmsg.DescribeTopicPartitionsResponseTopic{refused}); !errors.Is(err, kafka.ErrUnknownTopicOrPartition) {
		t.Errorf("%v", err)
	}
}
