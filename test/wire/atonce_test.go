package wire

import (
	"fmt"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/gregor-stream/gregor/test/harness"
)

// TestChangesAreSeenAtOnce asks on one connection and looks on another, with
// nothing in between: what was answered is true from then on. Kafka itself
// lags here, so this is Gregor's promise alone.
func TestChangesAreSeenAtOnce(t *testing.T) {
	b, err := harness.StartGregor(harness.Options{Name: "at-once", Properties: harness.Proof()})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = b.Remove() }()
	serves := versions(t, b.Addr())
	newest := map[int16]int16{}
	for key, k := range serves {
		newest[key] = k.MaxVersion
	}
	writer, reader := &conn{addr: b.Addr()}, &conn{addr: b.Addr()}
	defer writer.close()
	defer reader.close()
	ask := func(c *conn, req kmsg.Request) kmsg.Response {
		t.Helper()
		req.SetVersion(min(newest[req.Key()], req.MaxVersion()))
		resp, _, err := c.ask(req)
		if err != nil {
			t.Fatalf("%s: %v", kmsg.NameForKey(req.Key()), err)
		}
		return resp
	}
	for i := range 50 {
		name := fmt.Sprintf("at-once-%d", i)
		created := ask(writer, createTopics(newTopic(name, 2, 1))).(*kmsg.CreateTopicsResponse)
		id := created.Topics[0].TopicID
		look(t, "a topic", partitionsOf(ask(reader, metadata(name))), 2)
		produced := ask(reader, produce(-1, part{name, id, 1, plain("a").encode()})).(*kmsg.ProduceResponse)
		look(t, "its leader", produced.Topics[0].Partitions[0].ErrorCode, 0)
		fetched := ask(writer, fetch(from(name, id, 1, 0))).(*kmsg.FetchResponse)
		look(t, "its record", fetched.Topics[0].Partitions[0].HighWatermark, 1)

		group := fmt.Sprintf("at-once-group-%d", i)
		commit := commit(&member{group: group, generation: -1}, name, 0, 7)
		commit.Topics[0].TopicID = id
		look(t, "a new group", ask(writer, commit).(*kmsg.OffsetCommitResponse).Topics[0].Partitions[0].ErrorCode, committedOrNoCoordinator(i))
		if i > 0 { // the first asks before the offsets topic is there
			offsets := ask(reader, fetchOffsets(group, name, id, 0)).(*kmsg.OffsetFetchResponse)
			look(t, "its offset", offsets.Groups[0].Topics[0].Partitions[0].Offset, 7)
		} else {
			x := &talk{newest: newest, main: reader, masker: newMasker(b.Port, time.Now())}
			x.awaitGroup(group)
		}

		grow := kmsg.NewPtrCreatePartitionsRequest()
		more := kmsg.NewCreatePartitionsRequestTopic()
		more.Topic, more.Count = name, 3
		grow.TimeoutMillis, grow.Topics = 5000, append(grow.Topics, more)
		ask(writer, grow)
		look(t, "a new partition", partitionsOf(ask(reader, metadata(name))), 3)
		look(t, "its leader", ask(reader, offsetsAt(name, 2, -1)).(*kmsg.ListOffsetsResponse).Topics[0].Partitions[0].ErrorCode, 0)

		alter := kmsg.NewPtrIncrementalAlterConfigsRequest()
		resource := kmsg.NewIncrementalAlterConfigsRequestResource()
		resource.ResourceType, resource.ResourceName = topicResource, name
		set := kmsg.NewIncrementalAlterConfigsRequestResourceConfig()
		set.Name, set.Value = "retention.ms", new(fmt.Sprint(1000+i))
		resource.Configs = append(resource.Configs, set)
		alter.Resources = append(alter.Resources, resource)
		ask(writer, alter)
		described := ask(reader, describeConfigs(topicResource, name, "retention.ms")).(*kmsg.DescribeConfigsResponse)
		look(t, "a config", *described.Resources[0].Configs[0].Value, fmt.Sprint(1000+i))

		del := kmsg.NewPtrDeleteTopicsRequest()
		gone := kmsg.NewDeleteTopicsRequestTopic()
		gone.Topic = new(name)
		del.TimeoutMillis, del.Topics = 5000, append(del.Topics, gone)
		ask(writer, del)
		absent := metadata(name)
		absent.AllowAutoTopicCreation = false
		look(t, "a deletion", ask(reader, absent).(*kmsg.MetadataResponse).Topics[0].ErrorCode, 3)
		again := ask(writer, createTopics(newTopic(name, 1, 1))).(*kmsg.CreateTopicsResponse)
		look(t, "the name again", again.Topics[0].ErrorCode, 0)
		anew := ask(reader, fetch(from(name, again.Topics[0].TopicID, 0, 0))).(*kmsg.FetchResponse)
		look(t, "the new topic is empty", anew.Topics[0].Partitions[0].HighWatermark, 0)
	}
}

// committedOrNoCoordinator: a client asks FindCoordinator first, which makes
// the offsets topic; who commits without asking is told so.
func committedOrNoCoordinator(round int) int16 {
	if round == 0 {
		return 16 // NOT_COORDINATOR
	}
	return 0
}

func partitionsOf(resp kmsg.Response) int {
	m, ok := resp.(*kmsg.MetadataResponse)
	if !ok || len(m.Topics) != 1 {
		return -1
	}
	led := 0
	for _, p := range m.Topics[0].Partitions {
		if p.ErrorCode == 0 && p.Leader >= 0 {
			led++
		}
	}
	return led
}

func look[T comparable](t *testing.T, what string, got, want T) {
	t.Helper()
	if got != want {
		t.Errorf("%s is not seen at once: %v, want %v", what, got, want)
	}
}
