package gregor_test

import (
	"encoding/binary"
	"io"
	"maps"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"
)

func topicProbes() map[string]any {
	return map[string]any{
		"num.partitions": func(t *testing.T) {
			same(t, "partitions", len(up(t, "num.partitions=3").metadata("a").Topics[0].Partitions), 3)
		},
		"default.replication.factor": func(t *testing.T) {
			wants(t, up(t, "default.replication.factor=2").topic("a", 1), kerr.InvalidReplicationFactor)
		},
		"auto.create.topics.enable": func(t *testing.T) {
			code := func(setting string) int16 { return up(t, setting).metadata("a").Topics[0].ErrorCode }
			same(t, "on", code("auto.create.topics.enable=true"), 0)
			same(t, "off", code("auto.create.topics.enable=false"), kerr.UnknownTopicOrPartition.Code)
		},
		"delete.topic.enable": func(t *testing.T) {
			b := up(t, "delete.topic.enable=false")
			b.must(b.topic("a", 1))
			req := kmsg.NewPtrDeleteTopicsRequest()
			req.TimeoutMillis = 1000
			topic := kmsg.NewDeleteTopicsRequestTopic()
			topic.Topic = new("a")
			req.TopicNames, req.Topics = []string{"a"}, append(req.Topics, topic)
			same(t, "code", ask[*kmsg.DeleteTopicsResponse](b, req).Topics[0].ErrorCode, kerr.TopicDeletionDisabled.Code)
		},
		"message.max.bytes": func(t *testing.T) {
			b := up(t, "message.max.bytes=1000")
			b.must(b.topic("a", 1))
			wants(t, b.produce("a", kgo.Record{Value: noise(2000)}), kerr.MessageTooLarge)
			b.alter(kmsg.ConfigResourceTypeBroker, "", "message.max.bytes", "10000")
			b.must(b.produce("a", kgo.Record{Value: noise(2000)}))
		},
		"topic:max.message.bytes": func(t *testing.T) {
			b := up(t)
			b.must(b.topic("a", 1, "max.message.bytes", "1000"))
			wants(t, b.produce("a", kgo.Record{Value: noise(2000)}), kerr.MessageTooLarge)
			b.alter(kmsg.ConfigResourceTypeTopic, "a", "max.message.bytes", "10000")
			b.must(b.produce("a", kgo.Record{Value: noise(2000)}))
		},
		"max.request.partition.size.limit": "internal/api TestDescribeTopicPartitionsPagesByPartitions",
		"min.insync.replicas": func(t *testing.T) {
			// Kafka keeps it as a dynamic default from the first start on (KIP-966).
			b := up(t)
			b.must(b.topic("a", 1))
			b.alter(kmsg.ConfigResourceTypeBroker, "", "min.insync.replicas", "2")
			same(t, "value", b.value(kmsg.ConfigResourceTypeTopic, "a", "min.insync.replicas"), "2")
		},
	}
}

func socketProbes() map[string]any {
	return map[string]any{
		"socket.request.max.bytes": func(t *testing.T) {
			b := up(t, "socket.request.max.bytes=1000")
			conn, err := net.Dial("tcp", b.server.Addr()) //nolint:noctx // a test
			b.must(err)
			defer func() { _ = conn.Close() }()
			_, err = conn.Write(binary.BigEndian.AppendUint32(nil, 1001))
			b.must(err)
			b.must(conn.SetReadDeadline(time.Now().Add(5 * time.Second)))
			if _, err := conn.Read(make([]byte, 1)); err != io.EOF { //nolint:errorlint // Read gives it bare
				t.Fatalf("a larger frame did not close the connection: %v", err)
			}
		},
		"max.connections":              "internal/server TestConnectionsBeyondTheLimitWait",
		"max.connection.creation.rate": "internal/server TestCreationRateDelaysConnections",
		"queued.max.request.bytes":     "internal/server TestQueuedBytesAreBounded",
		"max.connections.per.ip": func(t *testing.T) {
			b := up(t, "max.connections.per.ip=1")
			b.metadata()
			same(t, "a second connection stays open", b.dialOpen(), false)
		},
		"max.connections.per.ip.overrides": func(t *testing.T) {
			b := up(t, "max.connections.per.ip.overrides=127.0.0.1:1")
			b.metadata()
			same(t, "a second connection stays open", b.dialOpen(), false)
		},
		"connections.max.idle.ms": func(t *testing.T) {
			same(t, "open", up(t).dialOpen(), true)
			same(t, "open", up(t, "connections.max.idle.ms=50", "connection.failed.authentication.delay.ms=10").dialOpen(), false)
		},
		"fetch.max.bytes": func(t *testing.T) {
			b := up(t, "fetch.max.bytes=1024")
			b.must(b.topic("a", 2))
			for range 5 {
				b.must(b.produce("a", kgo.Record{Value: noise(600)}))
			}
			same(t, "bytes below two batches", len(b.fetch("a")) < 1400, true)
		},
		"max.incremental.fetch.session.cache.slots": func(t *testing.T) {
			session := func(b *bench) int32 {
				b.must(b.topic("a", 1))
				return b.fetchResponse("a").SessionID
			}
			same(t, "session without slots", session(up(t, "max.incremental.fetch.session.cache.slots=0")), 0)
			same(t, "session with slots", session(up(t)) != 0, true)
		},
	}
}

func (b *bench) fetchResponse(topic string) *kmsg.FetchResponse {
	b.t.Helper()
	id := b.metadata(topic).Topics[0].TopicID
	req := kmsg.NewPtrFetchRequest()
	req.MaxBytes, req.SessionEpoch, req.MinBytes, req.MaxWaitMillis = 1<<30, 0, 0, 0
	rt := kmsg.NewFetchRequestTopic()
	rt.Topic, rt.TopicID = topic, id
	p := kmsg.NewFetchRequestTopicPartition()
	p.PartitionMaxBytes = 1 << 30
	rt.Partitions = append(rt.Partitions, p)
	req.Topics = append(req.Topics, rt)
	return ask[*kmsg.FetchResponse](b, req)
}

// fetch is the bytes of partition 0 that one request gives.
func (b *bench) fetch(topic string) []byte {
	b.t.Helper()
	return b.fetchResponse(topic).Topics[0].Partitions[0].RecordBatches
}

// codec is the compression of the last batch of partition 0.
func (b *bench) codec(topic string) int {
	b.t.Helper()
	data := b.fetch(topic)
	return int(binary.BigEndian.Uint16(data[21:]) & 7)
}

// both probes a key of the broker and the topic key that it stands behind,
// with the same look at a topic "a".
func both(brokerKey, topicKey, value string, look func(t *testing.T, b *bench), more ...string) map[string]any {
	return map[string]any{
		brokerKey: func(t *testing.T) {
			b := up(t, append([]string{brokerKey + "=" + value}, more...)...)
			b.must(b.topic("a", 1))
			look(t, b)
		},
		"topic:" + topicKey: func(t *testing.T) {
			b := up(t, more...)
			b.must(b.topic("a", 1, topicKey, value))
			look(t, b)
		},
	}
}

func logProbes() map[string]any {
	segments := func(t *testing.T, b *bench, topic string) int { t.Helper(); return len(b.files(topic + "-0/*.log")) }
	rolled := func(gap time.Duration) func(t *testing.T, b *bench) {
		return func(t *testing.T, b *bench) {
			b.must(b.topic("calm", 1, "segment.ms", "999999999"))
			start := time.Now().Add(-10 * time.Hour)
			for _, topic := range []string{"a", "calm"} {
				b.produceAt(topic, start)
				b.produceAt(topic, start.Add(gap))
			}
			same(t, "segments", segments(t, b, "a"), 2)
			same(t, "segments of a calm topic", segments(t, b, "calm"), 1)
		}
	}
	expires := func(age time.Duration) func(t *testing.T, b *bench) {
		return func(t *testing.T, b *bench) {
			b.must(b.topic("kept", 1, "retention.ms", "-1"))
			for _, topic := range []string{"a", "kept"} {
				b.produceAt(topic, time.Now().Add(-age))
			}
			eventually(t, "old records go", func() bool { return b.earliest("a") == 1 })
			same(t, "kept", b.earliest("kept"), 0)
		}
	}
	often := []string{"log.retention.check.interval.ms=20"}
	checkpoint := func(file, want string) func(t *testing.T, b *bench) {
		return func(t *testing.T, b *bench) {
			b.must(b.produce("a", kgo.Record{Value: []byte("x")}))
			b.must(b.produce("a", kgo.Record{Value: []byte("x")}))
			eventually(t, file+" has "+want, func() bool {
				text, err := os.ReadFile(filepath.Join(b.dir, file))
				return err == nil && strings.Contains(string(text), want)
			})
		}
	}
	codecOf := func(want int) func(t *testing.T, b *bench) {
		return func(t *testing.T, b *bench) {
			b.must(b.produce("a", kgo.Record{Value: words(5000)}))
			same(t, "codec", b.codec("a"), want)
		}
	}
	probes := map[string]any{}
	add := func(more map[string]any) {
		maps.Copy(probes, more)
	}
	one := func(key, value string, look func(t *testing.T, b *bench), more ...string) {
		probes[key] = func(t *testing.T) {
			b := up(t, append([]string{key + "=" + value}, more...)...)
			b.must(b.topic("a", 1))
			look(t, b)
		}
	}
	full := func(t *testing.T, b *bench) {
		for range 3 {
			b.must(b.produce("a", kgo.Record{Value: noise(700_000)}))
		}
		same(t, "segments", segments(t, b, "a"), 3)
	}
	add(both("log.segment.bytes", "segment.bytes", "1048576", full))
	probes["topic:internal.segment.bytes"] = func(t *testing.T) {
		b := up(t)
		b.must(b.topic("a", 1, "internal.segment.bytes", "1000"))
		for range 3 {
			b.must(b.produce("a", kgo.Record{Value: noise(700)}))
		}
		same(t, "segments", segments(t, b, "a"), 3)
	}
	add(both("log.roll.ms", "segment.ms", "60000", rolled(time.Hour)))
	one("log.roll.hours", "1", rolled(2*time.Hour))
	jitter := func(t *testing.T, b *bench) {
		b.must(b.topic("j", 20))
		start, early := time.Now().Add(-10*time.Hour), 0
		for p := range int32(20) {
			b.must(b.produce("j", kgo.Record{Partition: p, Value: []byte("x"), Timestamp: start}))
			b.must(b.produce("j", kgo.Record{Partition: p, Value: []byte("x"), Timestamp: start.Add(50 * time.Minute)}))
			early += len(b.files("j-"+strconv.Itoa(int(p))+"/*.log")) - 1
		}
		same(t, "some rolled early", early > 0, true)
	}
	one("log.roll.jitter.ms", "3600000", jitter, "log.roll.ms=3600000")
	one("log.roll.jitter.hours", "1", jitter, "log.roll.ms=3600000")
	probes["topic:segment.jitter.ms"] = func(t *testing.T) {
		jitter(t, up(t, "log.roll.ms=3600000", "log.roll.jitter.ms=3600000"))
	}
	add(both("log.retention.ms", "retention.ms", "60000", expires(time.Hour), often...))
	one("log.retention.minutes", "1", expires(time.Hour), often...)
	one("log.retention.hours", "1", expires(2*time.Hour), often...)
	one("log.retention.check.interval.ms", "20", expires(time.Hour), "log.retention.ms=1000")
	add(both("log.retention.bytes", "retention.bytes", "1000", func(t *testing.T, b *bench) {
		for range 3 {
			b.must(b.produce("a", kgo.Record{Value: noise(700_000)}))
		}
		eventually(t, "the oldest goes", func() bool { return b.earliest("a") > 0 })
	}, append(often, "log.segment.bytes=1048576")...))
	add(both("log.index.interval.bytes", "index.interval.bytes", "0", func(t *testing.T, b *bench) {
		b.must(b.topic("rare", 1, "index.interval.bytes", "1000000"))
		for _, topic := range []string{"a", "rare"} {
			for range 5 {
				b.must(b.produce(topic, kgo.Record{Value: []byte("x")}))
			}
		}
		b.must(b.server.Close())
		same(t, "more entries", b.size("a-0/*.index") > b.size("rare-0/*.index"), true)
	}))
	add(both("log.index.size.max.bytes", "segment.index.bytes", "24", func(t *testing.T, b *bench) {
		for range 10 {
			b.must(b.produce("a", kgo.Record{Value: []byte("x")}))
		}
		same(t, "rolled when the index was full", segments(t, b, "a") > 1, true)
	}, "log.index.interval.bytes=0"))
	add(both("log.segment.delete.delay.ms", "file.delete.delay.ms", "1", func(t *testing.T, b *bench) {
		b.must(b.produce("a", kgo.Record{Value: []byte("x")}))
		req := kmsg.NewPtrDeleteTopicsRequest()
		req.TimeoutMillis = 1000
		topic := kmsg.NewDeleteTopicsRequestTopic()
		topic.Topic = new("a")
		req.TopicNames, req.Topics = []string{"a"}, append(req.Topics, topic)
		same(t, "code", ask[*kmsg.DeleteTopicsResponse](b, req).Topics[0].ErrorCode, 0)
		eventually(t, "the directory goes", func() bool { return len(b.files("a-*")) == 0 })
	}))
	add(both("log.cleanup.policy", "cleanup.policy", "compact", func(t *testing.T, b *bench) {
		wants(t, b.produce("a", kgo.Record{Value: []byte("x")}), kerr.InvalidRecord)
		b.must(b.produce("a", kgo.Record{Key: []byte("k"), Value: []byte("x")}))
	}))
	add(both("log.message.timestamp.type", "message.timestamp.type", "LogAppendTime", func(t *testing.T, b *bench) {
		b.produceAt("a", time.Now().Add(-10*time.Hour))
		stamp := time.UnixMilli(int64(binary.BigEndian.Uint64(b.fetch("a")[35:]))) //nolint:gosec // a timestamp
		same(t, "stamped by the broker", time.Since(stamp) < time.Hour, true)
	}))
	add(both("log.message.timestamp.before.max.ms", "message.timestamp.before.max.ms", "1000", func(t *testing.T, b *bench) {
		wants(t, b.produce("a", kgo.Record{Value: []byte("x"), Timestamp: time.Now().Add(-time.Hour)}), kerr.InvalidTimestamp)
	}))
	add(both("log.message.timestamp.after.max.ms", "message.timestamp.after.max.ms", "9999999999", func(t *testing.T, b *bench) {
		b.must(b.topic("strict", 1, "message.timestamp.after.max.ms", "1000"))
		b.produceAt("a", time.Now().Add(20*time.Hour))
		wants(t, b.produce("strict", kgo.Record{Value: []byte("x"), Timestamp: time.Now().Add(20 * time.Hour)}), kerr.InvalidTimestamp)
	}))
	add(both("compression.type", "compression.type", "lz4", codecOf(3)))
	for key, levels := range map[string][3]string{
		"compression.gzip.level": {"gzip", "1", "9"}, "compression.lz4.level": {"lz4", "1", "12"}, "compression.zstd.level": {"zstd", "1", "19"},
	} {
		size := func(t *testing.T, level string, ofBroker bool) int {
			settings, configs := []string{"compression.type=" + levels[0]}, []string{key, level}
			if ofBroker {
				settings, configs = append(settings, key+"="+level), nil
			}
			b := up(t, settings...)
			b.must(b.topic("a", 1, configs...))
			b.must(b.produce("a", kgo.Record{Value: words(200_000)}))
			return len(b.fetch("a"))
		}
		probes[key] = func(t *testing.T) {
			same(t, "packs better", size(t, levels[2], true) < size(t, levels[1], true), true)
		}
		probes["topic:"+key] = func(t *testing.T) {
			same(t, "packs better", size(t, levels[2], false) < size(t, levels[1], false), true)
		}
	}
	probes["topic:min.insync.replicas"] = func(t *testing.T) {
		b := up(t)
		b.must(b.topic("a", 1, "min.insync.replicas", "2"))
		err := b.produce("a", kgo.Record{Value: []byte("x")})
		b.must(b.topic("b", 1))
		b.must(b.produce("b", kgo.Record{Value: []byte("x")}))
		// Kafka takes no more replicas for needed than there are.
		if err != nil {
			wants(t, err, kerr.NotEnoughReplicas)
		}
	}
	add(both("log.flush.interval.messages", "flush.messages", "1", checkpoint("recovery-point-offset-checkpoint", "a 0 2"), "log.flush.offset.checkpoint.interval.ms=20"))
	one("log.flush.offset.checkpoint.interval.ms", "20", checkpoint("recovery-point-offset-checkpoint", "a 0 2"), "log.flush.interval.messages=1")
	one("log.flush.scheduler.interval.ms", "20", checkpoint("recovery-point-offset-checkpoint", "a 0 2"), "log.flush.offset.checkpoint.interval.ms=20")
	for _, key := range []string{"log.flush.interval.ms", "topic:flush.ms"} {
		probes[key] = "internal/partition TestFlushMsFlushesByTime"
	}
	for _, key := range []string{"gregor.log.durability", "topic:gregor.durability"} {
		probes[key] = "internal/partition TestDurabilityChangesAtOnceAndNobodyStaysParked"
	}
	probes["gregor.log.journal.bytes"] = "internal/partition TestNoJournal"
	one("replica.high.watermark.checkpoint.interval.ms", "20", checkpoint("replication-offset-checkpoint", "a 0 2"))
	one("log.flush.start.offset.checkpoint.interval.ms", "20", func(t *testing.T, b *bench) {
		b.must(b.produce("a", kgo.Record{Value: []byte("x")}))
		req := kmsg.NewPtrDeleteRecordsRequest()
		req.TimeoutMillis = 1000
		rt := kmsg.NewDeleteRecordsRequestTopic()
		rt.Topic = "a"
		p := kmsg.NewDeleteRecordsRequestTopicPartition()
		p.Offset = 1
		rt.Partitions = append(rt.Partitions, p)
		req.Topics = append(req.Topics, rt)
		same(t, "code", ask[*kmsg.DeleteRecordsResponse](b, req).Topics[0].Partitions[0].ErrorCode, 0)
		checkpoint("log-start-offset-checkpoint", "a 0 1")(t, b)
	})
	one("log.initial.task.delay.ms", "300", checkpoint("recovery-point-offset-checkpoint", "a 0 2"), "log.flush.interval.messages=1")
	add(both("log.preallocate", "preallocate", "true", func(t *testing.T, b *bench) {
		b.must(b.topic("thrifty", 1, "preallocate", "false"))
		b.must(b.produce("a", kgo.Record{Value: []byte("x")}))
		b.must(b.produce("thrifty", kgo.Record{Value: []byte("x")}))
		// Reserved as Kafka does it, by length, or better by space.
		longer := b.size("a-0/*.log") > b.size("thrifty-0/*.log")
		same(t, "reserved", longer || onDisk(t, b.files("a-0/*.log")[0]) > onDisk(t, b.files("thrifty-0/*.log")[0]), true)
	}))
	forgets := func(t *testing.T, b *bench) {
		b.must(b.produce("a", kgo.Record{Value: []byte("x")}))
		eventually(t, "the producer is forgotten", func() bool {
			req := kmsg.NewPtrDescribeProducersRequest()
			rt := kmsg.NewDescribeProducersRequestTopic()
			rt.Topic, rt.Partitions = "a", []int32{0}
			req.Topics = append(req.Topics, rt)
			return len(ask[*kmsg.DescribeProducersResponse](b, req).Topics[0].Partitions[0].ActiveProducers) == 0
		})
	}
	one("producer.id.expiration.ms", "1", forgets, "producer.id.expiration.check.interval.ms=20")
	one("producer.id.expiration.check.interval.ms", "20", forgets, "producer.id.expiration.ms=1")
	return probes
}

func groupProbes() map[string]any {
	join := func(b *bench, group string, session int32) *kmsg.JoinGroupResponse {
		b.t.Helper()
		b.coordinator(group)
		req := kmsg.NewPtrJoinGroupRequest()
		req.Group, req.SessionTimeoutMillis, req.RebalanceTimeoutMillis, req.ProtocolType = group, session, 10000, "consumer"
		req.Protocols = append(req.Protocols, kmsg.JoinGroupRequestProtocol{Name: "range"})
		resp := ask[*kmsg.JoinGroupResponse](b, req)
		if resp.ErrorCode == kerr.MemberIDRequired.Code {
			req.MemberID = resp.MemberID
			resp = ask[*kmsg.JoinGroupResponse](b, req)
		}
		return resp
	}
	offsetsTopic := func(key, value string, look func(t *testing.T, b *bench)) func(*testing.T) {
		return func(t *testing.T) {
			b := up(t, key+"="+value)
			b.coordinator("g")
			look(t, b)
		}
	}
	system := func(setting, topic string, look func(t *testing.T, b *bench, m kmsg.MetadataResponseTopic)) func(*testing.T) {
		return func(t *testing.T) {
			b := up(t, setting)
			look(t, b, b.metadata(topic).Topics[0])
		}
	}
	count := func(n int) func(*testing.T, *bench, kmsg.MetadataResponseTopic) {
		return func(t *testing.T, _ *bench, m kmsg.MetadataResponseTopic) {
			same(t, "partitions", len(m.Partitions), n)
		}
	}
	missing := func(t *testing.T, _ *bench, m kmsg.MetadataResponseTopic) {
		same(t, "code", m.ErrorCode, kerr.UnknownTopicOrPartition.Code)
	}
	config := func(topic, key, want string) func(*testing.T, *bench, kmsg.MetadataResponseTopic) {
		return func(t *testing.T, b *bench, _ kmsg.MetadataResponseTopic) {
			same(t, key, b.value(kmsg.ConfigResourceTypeTopic, topic, key), want)
		}
	}
	const txn, share = "__transaction_state", "__share_group_state"
	return map[string]any{
		"group.min.session.timeout.ms": func(t *testing.T) {
			same(t, "code", join(up(t), "g", 100).ErrorCode, kerr.InvalidSessionTimeout.Code)
			same(t, "code", join(up(t, "group.min.session.timeout.ms=100"), "g", 100).ErrorCode, 0)
		},
		"group.max.session.timeout.ms": func(t *testing.T) {
			same(t, "code", join(up(t, "group.max.session.timeout.ms=7000"), "g", 8000).ErrorCode, kerr.InvalidSessionTimeout.Code)
		},
		"group.initial.rebalance.delay.ms": func(t *testing.T) {
			b := up(t, "group.initial.rebalance.delay.ms=400")
			b.coordinator("g")
			start := time.Now()
			same(t, "code", join(b, "g", 10000).ErrorCode, 0)
			same(t, "it waited", time.Since(start) >= 400*time.Millisecond, true)
		},
		"group.max.size": func(t *testing.T) {
			b := up(t, "group.max.size=1")
			same(t, "code", join(b, "g", 10000).ErrorCode, 0)
			same(t, "code", join(b, "g", 10000).ErrorCode, kerr.GroupMaxSizeReached.Code)
		},
		"offset.metadata.max.bytes": func(t *testing.T) {
			b := up(t, "offset.metadata.max.bytes=3")
			b.must(b.topic("a", 1))
			b.coordinator("g")
			req := kmsg.NewPtrOffsetCommitRequest()
			req.Group, req.Generation = "g", -1
			rt := kmsg.NewOffsetCommitRequestTopic()
			rt.Topic, rt.TopicID = "a", b.metadata("a").Topics[0].TopicID
			p := kmsg.NewOffsetCommitRequestTopicPartition()
			p.Offset, p.Metadata = 1, new("long")
			rt.Partitions = append(rt.Partitions, p)
			req.Topics = append(req.Topics, rt)
			same(t, "code", ask[*kmsg.OffsetCommitResponse](b, req).Topics[0].Partitions[0].ErrorCode, kerr.OffsetMetadataTooLarge.Code)
		},
		"offsets.topic.num.partitions": offsetsTopic("offsets.topic.num.partitions", "3", func(t *testing.T, b *bench) {
			same(t, "partitions", len(b.metadata("__consumer_offsets").Topics[0].Partitions), 3)
		}),
		"offsets.topic.segment.bytes": offsetsTopic("offsets.topic.segment.bytes", "2097152", func(t *testing.T, b *bench) {
			same(t, "segment.bytes", b.value(kmsg.ConfigResourceTypeTopic, "__consumer_offsets", "segment.bytes"), "2097152")
		}),
		"offsets.topic.replication.factor": func(t *testing.T) {
			b := up(t, "offsets.topic.replication.factor=2")
			req := kmsg.NewPtrFindCoordinatorRequest()
			req.CoordinatorKeys = []string{"g"}
			same(t, "code", ask[*kmsg.FindCoordinatorResponse](b, req).Coordinators[0].ErrorCode, kerr.CoordinatorNotAvailable.Code)
		},
		"log.cleaner.backoff.ms":                           "internal/partition TestTheCleanersSettings",
		"log.cleaner.enable":                               "internal/partition TestTheCleanersSettings",
		"log.cleaner.threads":                              "internal/partition TestTheCleanersSettings",
		"log.cleaner.min.cleanable.ratio":                  "internal/partition TestTheCleanersSettings",
		"topic:min.cleanable.dirty.ratio":                  "internal/partition TestTheCleanersSettings",
		"log.cleaner.min.compaction.lag.ms":                "internal/partition TestTheCleanersSettings",
		"topic:min.compaction.lag.ms":                      "internal/partition TestTheCleanersSettings",
		"log.cleaner.max.compaction.lag.ms":                "internal/partition TestTheCleanersSettings",
		"topic:max.compaction.lag.ms":                      "internal/partition TestTheCleanersSettings",
		"log.cleaner.dedupe.buffer.size":                   "internal/partition TestTheCleanersMemory",
		"log.cleaner.io.buffer.load.factor":                "internal/partition TestTheCleanersMemory",
		"log.cleaner.io.buffer.size":                       "internal/partition TestTheCleanersMemory",
		"log.cleaner.delete.retention.ms":                  "internal/partition TestTombstonesGoAfterDeleteRetention",
		"topic:delete.retention.ms":                        "internal/partition TestTombstonesGoAfterDeleteRetention",
		"log.cleaner.io.max.bytes.per.second":              "internal/partition TestTheCleanerIsThrottled",
		"offsets.load.buffer.size":                         "internal/coordinator/runtime TestLoadingReadsSoMuchAtOnce",
		"offsets.topic.compression.codec":                  "internal/coordinator/runtime TestCompressedBatchesAreWrittenAndRead",
		"offsets.retention.minutes":                        "internal/coordinator/group TestStories", // expiry.txt
		"offsets.retention.check.interval.ms":              "internal/coordinator/group TestStories", // expiry.txt
		"offsets.commit.timeout.ms":                        "internal/coordinator/runtime TestAWriteThatIsNotReplicatedTimesOut",
		"transaction.state.log.num.partitions":             system("transaction.state.log.num.partitions=3", txn, count(3)),
		"transaction.state.log.replication.factor":         system("transaction.state.log.replication.factor=2", txn, missing),
		"transaction.state.log.min.isr":                    system("transaction.state.log.min.isr=2", txn, config(txn, "min.insync.replicas", "2")),
		"transaction.state.log.segment.bytes":              system("transaction.state.log.segment.bytes=2097152", txn, config(txn, "segment.bytes", "2097152")),
		"share.coordinator.state.topic.num.partitions":     system("share.coordinator.state.topic.num.partitions=3", share, count(3)),
		"share.coordinator.state.topic.replication.factor": system("share.coordinator.state.topic.replication.factor=2", share, missing),
		"share.coordinator.state.topic.min.isr":            system("share.coordinator.state.topic.min.isr=2", share, config(share, "min.insync.replicas", "2")),
		"share.coordinator.state.topic.segment.bytes":      system("share.coordinator.state.topic.segment.bytes=2097152", share, config(share, "segment.bytes", "2097152")),
	}
}

// coordinator waits until the group's coordinator serves it.
func (b *bench) coordinator(group string) {
	b.t.Helper()
	eventually(b.t, "a coordinator", func() bool {
		req := kmsg.NewPtrFindCoordinatorRequest()
		req.CoordinatorKeys = []string{group}
		if ask[*kmsg.FindCoordinatorResponse](b, req).Coordinators[0].ErrorCode != 0 {
			return false
		}
		beat := kmsg.NewPtrHeartbeatRequest()
		beat.Group, beat.MemberID, beat.Generation = group, "nobody", 1
		return ask[*kmsg.HeartbeatResponse](b, beat).ErrorCode == kerr.UnknownMemberID.Code
	})
}
