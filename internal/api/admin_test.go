package api

import (
	"context"
	"crypto/rand"
	"log/slog"
	mathrand "math/rand/v2"
	"net"
	"testing"
	"time"

	"github.com/gregor-stream/gregor/internal/auth"
	"github.com/gregor-stream/gregor/internal/config"
	"github.com/gregor-stream/gregor/internal/controller"
	"github.com/gregor-stream/gregor/internal/kafka"
	"github.com/gregor-stream/gregor/internal/metadata"
	"github.com/gregor-stream/gregor/internal/msg"
)

// office is a cluster of one broker whose metadata is only an image: what a
// decision says is applied at once.
type office struct {
	t   *testing.T
	h   *Handlers
	img *metadata.Image
	cfg *config.Broker
	env *controller.Env
}

func newOffice(t *testing.T, pairs ...string) *office {
	t.Helper()
	properties := config.Quickstart("/data")
	for i := 0; i < len(pairs); i += 2 {
		properties = append(properties, config.Property{Key: pairs[i], Value: pairs[i+1]})
	}
	cfg, _, err := config.Load(properties)
	if err != nil {
		t.Fatal(err)
	}
	o := &office{t: t, img: metadata.Empty(), cfg: cfg}
	o.env = &controller.Env{NodeID: 1, ClusterID: "cluster", Config: cfg, Features: controller.SupportedFeatures()}
	o.apply(controller.BootstrapRecords())
	broker := msg.NewRegisterBrokerRecord()
	broker.BrokerId, broker.BrokerEpoch, broker.LogDirs, broker.Fenced = 1, 10, []kafka.UUID{{1}}, false
	broker.EndPoints = []msg.RegisterBrokerRecordBrokerEndpoint{{Name: "PLAINTEXT", Host: "localhost", Port: 9092}}
	o.apply([]metadata.Record{{Message: broker, Version: 3}})
	o.h = New(Deps{
		Log: slog.New(slog.DiscardHandler), NodeID: 1, ClusterID: "cluster", Features: controller.SupportedFeatures(),
		Image: func() *metadata.Image { return o.img }, Broker: func() *config.Broker { return o.cfg },
		Controller: o, Quorum: fixedQuorum{}, Loggers: &fixedLoggers{}, Random: mathrand.New(mathrand.NewPCG(1, 1)),
	})
	return o
}

func (o *office) apply(records []metadata.Record) {
	o.t.Helper()
	if len(records) == 0 {
		return
	}
	next, _, err := o.img.Apply(o.img.Offset+kafka.Offset(len(records)), 1, records)
	if err != nil {
		o.t.Fatal(err)
	}
	o.img = next
}

func (o *office) Execute(_ context.Context, decide func(controller.Input) controller.Result) (any, error) {
	r := decide(controller.Input{Now: time.Unix(1, 0), Image: o.img, Next: o.img.Offset, Rand: rand.Reader, Env: o.env, Liveness: new(controller.Liveness)})
	if r.Err != nil {
		return nil, r.Err
	}
	o.apply(r.Records)
	b := metadata.Resource{Type: config.ResourceBroker}
	o.cfg, _ = o.cfg.WithDynamic(o.img.Configs.Map(b), o.img.Configs.Map(metadata.Resource{Type: config.ResourceBroker, Name: "1"}))
	return r.Response, nil
}

func (o *office) call(version int16) *Call {
	return &Call{Conn: &Conn{Listener: "PLAINTEXT", Remote: &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1)}}, Version: version, Principal: auth.Anonymous()}
}

// ask runs a handler that must answer.
func ask[Q, A any](o *office, version int16, handler func(context.Context, *Call, Q) (A, error), req Q) A {
	o.t.Helper()
	resp, err := handler(context.Background(), o.call(version), req)
	if err != nil {
		o.t.Fatal(err)
	}
	return resp
}

func (o *office) createTopic(name string, partitions int32, configs ...string) kafka.TopicID {
	o.t.Helper()
	req := msg.NewCreateTopicsRequest()
	topic := msg.CreateTopicsRequestCreatableTopic{Name: name, NumPartitions: partitions, ReplicationFactor: -1}
	for i := 0; i < len(configs); i += 2 {
		topic.Configs = append(topic.Configs, msg.CreateTopicsRequestCreatableTopicConfig{Name: configs[i], Value: &configs[i+1]})
	}
	req.Topics = append(req.Topics, topic)
	resp := ask(o, 7, o.h.createTopics, req)
	if code := kafka.Error(resp.Topics[0].ErrorCode); code != kafka.ErrNone {
		o.t.Fatalf("create %s: %s %s", name, code, deref(resp.Topics[0].ErrorMessage))
	}
	return resp.Topics[0].TopicId
}

type fixedQuorum struct{}

func (fixedQuorum) Status() QuorumStatus {
	return QuorumStatus{Leader: 1, LeaderEpoch: 3, HighWatermark: 7, Voters: []QuorumReplica{{ID: 1, LogEndOffset: 7, LastFetch: -1, LastCaughtUp: -1}}}
}

type fixedLoggers struct{ quorum string }

func (l *fixedLoggers) Levels() map[string]string {
	if l.quorum == "" {
		return map[string]string{"root": "INFO", "quorum": "INFO"}
	}
	return map[string]string{"root": "INFO", "quorum": l.quorum}
}

func (l *fixedLoggers) SetLevel(_, level string) { l.quorum = level }
