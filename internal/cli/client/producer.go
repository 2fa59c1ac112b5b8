package client

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/gregor-stream/gregor/internal/cli/command"
)

// Producer is a client that produces as the producer properties say. Its
// methods may be called from several goroutines.
type Producer struct {
	*kgo.Client

	maxBlock time.Duration
	backoff  time.Duration
	memory   int64    // buffer.memory
	known    sync.Map // the topics that were seen to be there
}

// OpenProducer makes a producer of p when a broker answers, as [Open] does,
// and waits for one max.block.ms. largest is as in [Properties.ProducerOptions].
func OpenProducer(ctx context.Context, env *command.Env, p Properties, largest int, more ...kgo.Opt) (*Producer, error) {
	p, err := p.Resolved()
	if err != nil {
		return nil, command.Fail(err)
	}
	options, err := p.ProducerOptions(largest)
	if err != nil {
		return nil, command.Fail(err)
	}
	r := reading{Properties: p}
	made := &Producer{
		maxBlock: r.ms("max.block.ms", time.Minute),
		backoff:  max(r.ms("retry.backoff.ms", defaultRetryBackoff), 10*time.Millisecond),
		memory:   r.int("buffer.memory", defaultBufferMemory, 0),
	}
	if err := r.err(); err != nil {
		return nil, command.Fail(err)
	}
	p = p.ofMember()
	p["default.api.timeout.ms"] = strconv.FormatInt(made.maxBlock.Milliseconds(), 10)
	made.Client, err = Open(ctx, env, p, append(options, more...)...)
	if err != nil {
		return nil, err
	}
	return made, nil
}

// ofMember is p with the defaults that producers and consumers have and an
// admin client has not. A producer's retries are those of records alone.
func (p Properties) ofMember() Properties {
	p = p.Clone()
	delete(p, "retries")
	p.Default("enable.metrics.push", "true")
	p.Default("connections.max.idle.ms", "540000")
	return p
}

// Send hands r to the producer. done hears how it ended, once, maybe before
// Send returns; the calls come one after the other and must not block. Send
// itself blocks at most max.block.ms, until the topic is known and while
// buffer.memory is full. The end of ctx ends that waiting, and fails what was
// not sent yet.
func (p *Producer) Send(ctx context.Context, r *kgo.Record, done func(*kgo.Record, error)) {
	if err := p.AwaitTopic(ctx, r.Topic); err != nil {
		done(r, err)
		return
	}
	if p.BufferedProduceBytes()+recordBytes(r) <= p.memory {
		p.Produce(ctx, r, done)
		return
	}
	waiting, cancel := context.WithCancelCause(ctx)
	limit := time.AfterFunc(p.maxBlock, func() { cancel(errFull(p.maxBlock)) })
	p.Produce(waiting, r, func(r *kgo.Record, err error) {
		if cause := context.Cause(waiting); err != nil && cause != nil {
			err = cause
		}
		cancel(nil)
		done(r, err)
	})
	limit.Stop() // what waits for its answer is not bounded by max.block.ms
}

func errFull(waited time.Duration) error {
	return fmt.Errorf("Failed to allocate memory within the configured max blocking time %d ms (buffer.memory is full)", waited.Milliseconds())
}

func recordBytes(r *kgo.Record) int64 {
	n := len(r.Key) + len(r.Value)
	for _, h := range r.Headers {
		n += len(h.Key) + len(h.Value)
	}
	return int64(n)
}

// AwaitTopic waits, at most max.block.ms, until the topic is there and has
// partitions. A broker that may makes it (auto.create.topics.enable).
func (p *Producer) AwaitTopic(ctx context.Context, topic string) error {
	if _, ok := p.known.Load(topic); ok {
		return nil
	}
	limited, cancel := context.WithTimeout(ctx, p.maxBlock)
	defer cancel()
	for {
		found, err := p.lookFor(limited, topic)
		switch {
		case ctx.Err() != nil:
			return ctx.Err()
		case found:
			p.known.Store(topic, true)
			return nil
		case limited.Err() != nil:
			return fmt.Errorf("Topic %s not present in metadata after %d ms.", topic, p.maxBlock.Milliseconds())
		case err != nil:
			return err
		}
		select {
		case <-limited.Done():
		case <-time.After(p.backoff):
		}
	}
}

// lookFor asks for a topic; an error is one that waiting does not mend.
func (p *Producer) lookFor(ctx context.Context, topic string) (bool, error) {
	req := kmsg.NewPtrMetadataRequest()
	one := kmsg.NewMetadataRequestTopic()
	one.Topic = new(topic)
	req.Topics = append(req.Topics, one)
	req.AllowAutoTopicCreation = true
	resp, err := req.RequestWith(ctx, p.Client)
	if err != nil || len(resp.Topics) != 1 {
		return false, err
	}
	switch err := kerr.ErrorForCode(resp.Topics[0].ErrorCode); {
	case err == nil:
		return len(resp.Topics[0].Partitions) > 0, nil
	case errors.Is(err, kerr.InvalidTopicException):
		return false, fmt.Errorf("Invalid topics: [%s]", topic)
	case errors.Is(err, kerr.TopicAuthorizationFailed):
		return false, fmt.Errorf("Not authorized to access topics: [%s]", topic)
	default: // it may come to be
		return false, nil
	}
}

// The defaults of ProducerConfig that two places need.
const (
	defaultBufferMemory   = 32 << 20
	defaultMaxRequestSize = 1 << 20
	defaultRetryBackoff   = 100 * time.Millisecond
	defaultRequestTimeout = 30 * time.Second
)

// The limits of franz-go.
const (
	leastBatch  = 512
	mostBatch   = 1 << 30
	leastWait   = 100 * time.Millisecond // of a request's timeout
	mostLinger  = time.Minute
	leastRecord = time.Second // of the delivery timeout
)

// batchOverhead is more than the bytes a batch of one record has beside its
// key, value and headers.
const batchOverhead = 256

// ProducerOptions are the options of franz-go that the producer properties
// stand for, with Kafka's defaults; [Open] adds those of every client. largest
// is the size in bytes of the largest record that will be sent (key, value and
// headers), or 0 where nobody knows: franz-go takes the size of a batch as a
// limit of single records as well, so batch.size is used where the records are
// known, and max.request.size where they are not. All problems are reported at
// once.
func (p Properties) ProducerOptions(largest int) ([]kgo.Opt, error) {
	r := &reading{Properties: p}
	options := []kgo.Opt{
		kgo.AllowAutoTopicCreation(),
		kgo.MaxBufferedRecords(1 << 30), // Kafka's producer bounds bytes, not records
		kgo.MaxBufferedBytes(int(max(r.int("buffer.memory", defaultBufferMemory, 0), 1))),
		kgo.UnknownTopicRetries(-1), // a topic that goes away is an error when the record's time is up
		kgo.ProducerLinger(min(r.ms("linger.ms", 5*time.Millisecond), mostLinger)),
		kgo.ProduceRequestTimeout(max(r.ms("request.timeout.ms", defaultRequestTimeout), leastWait)),
	}
	options = append(options, r.acknowledgement()...)
	options = append(options, r.batches(largest)...)
	options = append(options, r.compression()...)
	options = append(options, r.patience()...)
	options = append(options, r.partitioner()...)
	options = append(options, r.transaction()...)
	return options, r.err()
}

// acknowledgement reads acks, enable.idempotence and what they bear on. Kafka
// turns idempotence off where other settings exclude it, unless the user asked
// for it (ProducerConfig.postProcessAndValidateIdempotenceConfigs).
func (r *reading) acknowledgement() []kgo.Opt {
	acks := r.choice("acks", "all", "all", "-1", "0", "1")
	idempotent := r.bool("enable.idempotence", true)
	_, asked := r.Properties["enable.idempotence"]
	inFlight := int(r.int("max.in.flight.requests.per.connection", 5, 1))
	if idempotent {
		switch {
		case r.int("retries", 1, 0) == 0 && asked:
			r.failf("retries=0: Must set retries to non-zero when using the idempotent producer.")
		case (acks == "0" || acks == "1") && asked:
			r.failf("acks=%s: Must set acks to all in order to use the idempotent producer. Otherwise we cannot guarantee idempotence.", acks)
		case inFlight > 5:
			r.failf("max.in.flight.requests.per.connection=%d: To use the idempotent producer it must be set to at most 5.", inFlight)
		}
		idempotent = (acks == "all" || acks == "-1") && r.int("retries", 1, 0) != 0
	}
	if _, transactional := r.Properties["transactional.id"]; transactional && !idempotent {
		r.failf("transactional.id: Cannot set a transactional.id without also enabling idempotence.")
	}
	options := []kgo.Opt{kgo.RequiredAcks(ackLevel(acks))}
	if !idempotent {
		options = append(options, kgo.DisableIdempotentWrite(), kgo.MaxProduceRequestsInflightPerBroker(inFlight))
	}
	return options
}

func ackLevel(acks string) kgo.Acks {
	switch acks {
	case "0":
		return kgo.NoAck()
	case "1":
		return kgo.LeaderAck()
	}
	return kgo.AllISRAcks()
}

func (r *reading) batches(largest int) []kgo.Opt {
	request := min(max(r.int("max.request.size", defaultMaxRequestSize, 0), leastBatch), mostBatch)
	batch := r.int("batch.size", 16384, 0)
	if largest <= 0 {
		batch = request
	}
	batch = min(max(batch, int64(largest)+batchOverhead, leastBatch), request)
	return []kgo.Opt{
		kgo.ProducerBatchMaxBytes(int32(batch)),
		kgo.BrokerMaxWriteBytes(int32(min(max(request+batchOverhead, 100<<20), mostBatch))),
	}
}

func (r *reading) compression() []kgo.Opt {
	gzip := r.int("compression.gzip.level", -1, -1)
	if gzip == 0 || gzip > 9 {
		r.failf("compression.gzip.level=%d: want 1 to 9, or -1", gzip)
	}
	lz4 := r.int("compression.lz4.level", 9, 1)
	if lz4 > 17 {
		r.failf("compression.lz4.level=%d: want 1 to 17", lz4)
	}
	zstd := r.int("compression.zstd.level", 3, -131072)
	if zstd > 22 {
		r.failf("compression.zstd.level=%d: want -131072 to 22", zstd)
	}
	codec := kgo.NoCompression()
	switch r.choice("compression.type", "none", "none", "gzip", "snappy", "lz4", "zstd") {
	case "gzip":
		codec = kgo.GzipCompression().WithLevel(int(gzip))
	case "snappy":
		codec = kgo.SnappyCompression()
	case "lz4":
		codec = kgo.Lz4Compression().WithLevel(lz4Level(int(lz4)))
	case "zstd":
		codec = kgo.ZstdCompression().WithLevel(zstdLevel(int(zstd)))
	}
	return []kgo.Opt{kgo.ProducerBatchCompression(codec)}
}

// lz4Level is the level of the Go library nearest to one of Kafka's. Kafka's 9,
// its default, is the fast compressor; the others are the slow one's, of which
// the Go library has nine.
func lz4Level(level int) int {
	if level == 9 {
		return 0
	}
	return 1 << (8 + min(level, 9) - 1)
}

// zstdLevel is the Go library's: 1 fastest, 2 default, 3 better, 4 best.
func zstdLevel(level int) int {
	switch {
	case level < 3:
		return 1
	case level < 6:
		return 2
	case level < 10:
		return 3
	}
	return 4
}

// patience reads how long and how often a record is tried.
func (r *reading) patience() []kgo.Opt {
	linger, request := r.ms("linger.ms", 5*time.Millisecond), r.ms("request.timeout.ms", defaultRequestTimeout)
	delivery := r.ms("delivery.timeout.ms", 2*time.Minute)
	if delivery < linger+request {
		if _, set := r.Properties["delivery.timeout.ms"]; set {
			r.failf("delivery.timeout.ms=%d: delivery.timeout.ms should be equal to or larger than linger.ms + request.timeout.ms", delivery.Milliseconds())
		}
		delivery = linger + request
	}
	options := []kgo.Opt{kgo.RecordDeliveryTimeout(max(delivery, leastRecord))}
	if retries := r.int("retries", noLimit, 0); retries != noLimit {
		options = append(options, kgo.RecordRetries(int(retries)))
	}
	if _, transactional := r.Properties["transactional.id"]; !transactional {
		// As Kafka's producer does: when the time is up the record has failed,
		// also where a broker that is gone might have it.
		options = append(options, kgo.AllowIdempotentProduceCancellation())
	}
	return options
}

// partitioner reads what chooses the partition. Records with keys go where
// Kafka's murmur2 sends them; others stick to a partition for batch.size bytes
// (KIP-794).
func (r *reading) partitioner() []kgo.Opt {
	var options []kgo.Opt
	if r.bool("partitioner.rack.aware", false) && r.text("client.rack") != "" {
		options = append(options, kgo.Rack(r.text("client.rack")), kgo.RackAwarePartitioning())
	}
	adaptive := r.bool("partitioner.adaptive.partitioning.enable", true)
	keys := !r.bool("partitioner.ignore.keys", false)
	stick := int(min(max(r.int("batch.size", 16384, 0), 1), mostBatch))
	switch class := r.text("partitioner.class"); className(class) {
	case "":
		return append(options, kgo.RecordPartitioner(kgo.UniformBytesPartitioner(stick, adaptive, keys, nil)))
	case "RoundRobinPartitioner":
		return append(options, kgo.RecordPartitioner(kgo.RoundRobinPartitioner()))
	default:
		r.failf("partitioner.class=%s: there is no Java here; leave it out or use org.apache.kafka.clients.producer.RoundRobinPartitioner", class)
		return nil
	}
}

func (r *reading) transaction() []kgo.Opt {
	id, transactional := r.Properties["transactional.id"]
	_, timed := r.Properties["transaction.timeout.ms"]
	if r.bool("transaction.two.phase.commit.enable", false) {
		r.failf("transaction.two.phase.commit.enable=true: the commands do not prepare transactions for two-phase commit; leave it out")
	}
	timeout := r.ms("transaction.timeout.ms", time.Minute)
	switch {
	case !transactional:
		return nil
	case strings.TrimSpace(id) == "":
		r.failf("transactional.id: want a name, or leave it out")
		return nil
	case timed && timeout < time.Millisecond:
		r.failf("transaction.timeout.ms=%d: want at least 1", timeout.Milliseconds())
		return nil
	}
	return []kgo.Opt{kgo.TransactionalID(id), kgo.TransactionTimeout(timeout)}
}
