package verify

import (
	"context"
	"strconv"
	"time"

	"github.com/spf13/cobra"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/gregor-stream/gregor/internal/cli/client"
	"github.com/gregor-stream/gregor/internal/cli/command"
	"github.com/gregor-stream/gregor/internal/cli/pace"
)

// producerRun is one run of verifiable-producer, its flags included.
type producerRun struct {
	env                     *command.Env
	events                  events
	server, topic           string
	maxMessages, throughput int32
	acks                    int32
	config, oldConfig       string
	createTime              int64
	valuePrefix, keys       int32
	prefixed, keyed         bool

	start     time.Time
	timestamp int64 // of the next record, where createTime is set
	nextKey   int32
	largest   int64 // max.request.size
	unasked   bool  // acks=0: nobody says where a record is
	badTopic  bool  // its name was refused once
	sent      int64
	acked     int64 // written by the client's one goroutine for promises
}

func newProducer(env *command.Env) *cobra.Command {
	r := &producerRun{env: env, events: events{env: env}}
	cmd := command.AsKafka(&cobra.Command{
		Use:   "verifiable-producer",
		Short: "Write increasing numbers and tell in JSON which were acknowledged",
		Long: `Write 0, 1, 2 ... to a topic and print one JSON object a line about each: that it
was acknowledged, with partition and offset, or why it was not. Records are not
sent twice, so that what is acknowledged is exactly what must be read
(gregor verifiable-consumer).`,
		Example: `  gregor verifiable-producer --bootstrap-server localhost:9092 --topic proof --max-messages 1000
  gregor verifiable-producer --bootstrap-server localhost:9092 --topic proof --throughput 100 --value-prefix 7`,
		Args: cobra.NoArgs,
	}, "verifiable-producer")
	s := cmd.Flags()
	s.StringVar(&r.server, "bootstrap-server", "", "connect to these brokers: `host:port,...`")
	s.StringVar(&r.topic, "topic", "", "write to this `topic`")
	s.Int32Var(&r.maxMessages, "max-messages", -1, "write so many records (`count`); -1 until you stop it")
	s.Int32Var(&r.throughput, "throughput", -1, "at most about so many `records` a second; below 0 for no limit")
	s.Int32Var(&r.acks, "acks", -1, "who acknowledges a record: nobody, the leader, all replicas in sync (`0|1|-1`)")
	s.StringVar(&r.config, "command-config", "", "read producer properties from this `file`; they win over flags")
	s.StringVar(&r.oldConfig, "producer.config", "", "the old name of --command-config: a `file`")
	s.Int64Var(&r.createTime, "message-create-time", -1, "timestamps of records, the first with this one (`ms` since 1970)")
	s.Int32Var(&r.valuePrefix, "value-prefix", 0, "put this `number` and a dot before every value")
	s.Int32Var(&r.keys, "repeating-keys", 0, "keys from 0 to `count`-1, and again from 0")
	command.FormatFlag(cmd)
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		if s.NFlag() == 0 {
			return cmd.Help()
		}
		if _, err := command.IsJSON(cmd); err != nil { // both formats are JSON
			return err
		}
		if err := required(cmd, &r.server, "topic"); err != nil {
			return err
		}
		r.prefixed, r.keyed = s.Changed("value-prefix"), s.Changed("repeating-keys")
		return r.do(cmd.Context())
	}
	return cmd
}

// properties are those of the producer. The file's win over the flags', as in
// VerifiableProducer.
func (r *producerRun) properties() (client.Properties, error) {
	switch {
	case r.acks < -1 || r.acks > 1:
		return nil, command.Usagef("argument --acks: invalid choice: '%d' (choose from {0,1,-1})", r.acks)
	case r.config != "" && r.oldConfig != "":
		return nil, command.Usagef("Options --producer.config and --command-config are mutually exclusive.")
	}
	file := r.config
	if r.oldConfig != "" {
		deprecated(r.env, "producer.config")
		file = r.oldConfig
	}
	p, err := client.Load(file)
	if err != nil {
		return nil, err
	}
	p.Default(client.BootstrapServers, r.server)
	p.Default("acks", strconv.Itoa(int(r.acks)))
	p.Default("retries", "0")
	if r.largest, err = p.Int("max.request.size", 1<<20, 0); err != nil {
		return nil, command.Fail(err)
	}
	r.unasked = p["acks"] == "0"
	if _, err := p.ProducerOptions(valueMost); err != nil {
		return nil, command.Fail(err)
	}
	return p, nil
}

// valueMost is more than the bytes that a key and a value have together.
const valueMost = 64

// closing is how long records that are on their way may take once the user has
// ended the run.
const closing = 30 * time.Second

func (r *producerRun) do(ctx context.Context) error {
	p, err := r.properties()
	if err != nil {
		return err
	}
	r.start = time.Now()
	r.events.print(named("startup_complete"))
	var more []kgo.Opt
	if r.createTime != -1 {
		// franz-go counts a record's time from its timestamp; each is tried
		// once only, within request.timeout.ms.
		more = append(more, kgo.RecordDeliveryTimeout(0))
	}
	producer, err := client.OpenProducer(ctx, r.env, p, valueMost, more...)
	if err != nil {
		return err
	}
	// A record that was handed over is sent, also when the user ends the run.
	sending, cancel := context.WithCancel(context.WithoutCancel(ctx))
	defer cancel()
	stop := context.AfterFunc(ctx, func() { time.AfterFunc(closing, cancel) })
	defer stop()
	r.load(ctx, sending, producer)
	_ = producer.Flush(sending)
	producer.Close() // fails what is left, so that each record has its event
	r.events.print(named("shutdown_complete"))
	seconds := float64(time.Now().UnixMilli()-r.start.UnixMilli()) / 1000
	r.events.print(toolData{named("tool_data"), r.sent, r.acked, int64(r.throughput), double(float64(r.acked) / seconds)})
	return command.Fail(ctx.Err())
}

func (r *producerRun) load(ctx, sending context.Context, producer *client.Producer) {
	p := pace.New(float64(r.throughput), r.start)
	for i := int64(0); (r.maxMessages < 0 || i < int64(r.maxMessages)) && ctx.Err() == nil; i++ {
		at := time.Now()
		r.send(ctx, sending, producer, i)
		if pause := p.After(i, at); pause > 0 {
			t := time.NewTimer(pause)
			select {
			case <-t.C:
			case <-ctx.Done():
			}
			t.Stop()
		}
	}
}

// send sends number i. The wait for a topic that is missing ends with ctx.
func (r *producerRun) send(ctx, sending context.Context, producer *client.Producer, i int64) {
	record := &kgo.Record{Topic: r.topic, Key: r.key(), Value: r.value(i)}
	if r.createTime != -1 {
		if r.timestamp == 0 {
			r.timestamp = r.createTime
		}
		record.Timestamp = time.UnixMilli(r.timestamp)
		r.timestamp += time.Now().UnixMilli() - r.start.UnixMilli()
	}
	r.sent++
	if size := recordBound(record.Key, record.Value); size > r.largest {
		r.answered(record, &tooLarge{size, r.largest})
		return
	}
	if err := producer.AwaitTopic(ctx, r.topic); err != nil {
		r.answered(record, err)
		return
	}
	producer.Send(sending, record, r.answered)
}

// key is the next one; nil where keys are not asked for.
func (r *producerRun) key() []byte {
	if !r.keyed {
		return nil
	}
	key := strconv.AppendInt(nil, int64(r.nextKey), 10)
	r.nextKey++
	if r.nextKey == r.keys {
		r.nextKey = 0
	}
	return key
}

func (r *producerRun) value(i int64) []byte {
	var v []byte
	if r.prefixed {
		v = append(strconv.AppendInt(v, int64(r.valuePrefix), 10), '.')
	}
	return strconv.AppendInt(v, i, 10)
}

// sendSuccess is the event of a record that was acknowledged.
type sendSuccess struct {
	head
	Key       *string `json:"key"`
	Value     string  `json:"value"`
	Offset    int64   `json:"offset"` // -1 with acks=0: nobody said
	Topic     string  `json:"topic"`
	Partition int32   `json:"partition"`
}

// sendError is the event of a record that was not.
type sendError struct {
	head
	Topic     string  `json:"topic"`
	Key       *string `json:"key"`
	Value     string  `json:"value"`
	Exception string  `json:"exception"` // Java's class
	Message   string  `json:"message"`
}

// toolData is the last event. Throughputs are in records a second.
type toolData struct {
	head
	Sent             int64  `json:"sent"`
	Acked            int64  `json:"acked"`
	TargetThroughput int64  `json:"target_throughput"`
	AvgThroughput    double `json:"avg_throughput"`
}

// answered is called once for each record, by one goroutine at a time: the
// sender's before the topic is known to be there, the client's from then on.
func (r *producerRun) answered(record *kgo.Record, err error) {
	var key *string
	if record.Key != nil {
		key = new(string(record.Key))
	}
	if err != nil {
		class, message := exception(err)
		if class == errorPackage+"InvalidTopicException" {
			if r.badTopic { // Kafka's client remembers the name, and says it alone
				message = record.Topic
			}
			r.badTopic = true
		}
		r.events.print(sendError{named("producer_send_error"), r.topic, key, string(record.Value), class, message})
		return
	}
	r.acked++
	if r.unasked {
		record.Offset = -1
	}
	r.events.print(sendSuccess{named("producer_send_success"), key, string(record.Value), record.Offset, record.Topic, record.Partition})
}
