package quorum

import (
	"context"
	"crypto/rand"
	"testing"
	"time"

	"github.com/gregor-stream/gregor/internal/config"
	"github.com/gregor-stream/gregor/internal/controller"
	"github.com/gregor-stream/gregor/internal/kafka"
	"github.com/gregor-stream/gregor/internal/metadata"
	"github.com/gregor-stream/gregor/internal/msg"
	"github.com/gregor-stream/gregor/internal/vfs"
)

// testEnv is the environment of node 1, alone.
func testEnv(t testing.TB) *controller.Env {
	t.Helper()
	broker, _, err := config.Load(nil)
	if err != nil {
		t.Fatal(err)
	}
	return &controller.Env{NodeID: 1, ClusterID: "test-cluster", Config: broker, Features: controller.SupportedFeatures()}
}

func testConfig(t testing.TB, fsys vfs.FS, dir string) Config {
	t.Helper()
	return Config{FS: fsys, Dir: dir, Env: testEnv(t), DirectoryID: kafka.UUID{1, 2, 3}, Rand: rand.Reader,
		Fatal: func(err error) { t.Errorf("fatal: %v", err) }}
}

// start runs a quorum until the test ends, and waits until it is ready.
func start(t testing.TB, cfg Config) *Quorum {
	t.Helper()
	q, err := Open(cfg)
	if err != nil {
		t.Fatal(err)
	}
	run(t, q)
	return q
}

func run(t testing.TB, q *Quorum) {
	t.Helper()
	go func() {
		if err := q.Run(context.Background()); err != nil {
			t.Logf("Run: %v", err)
		}
	}()
	t.Cleanup(func() { mustClose(t, q) })
	select {
	case <-q.Ready():
	case <-q.done:
		t.Fatal("the quorum ended before it was ready")
	}
}

func mustClose(t testing.TB, q *Quorum) {
	t.Helper()
	if err := q.Close(); err != nil {
		t.Error(err)
	}
}

// register makes node 1 an unfenced broker.
func register(t testing.TB, q *Quorum) {
	t.Helper()
	registerAs(t, q, "test-cluster", kafka.UUID{1, 2, 3})
}

func registerAs(t testing.TB, q *Quorum, cluster string, dir kafka.UUID) {
	t.Helper()
	execute[*msg.BrokerRegistrationResponse](t, q, registrationIn(cluster, dir))
	out := execute[*msg.BrokerHeartbeatResponse](t, q, unfence)
	if out.IsFenced || out.ErrorCode != 0 {
		t.Fatalf("the broker stays fenced: %+v", out)
	}
}

func registration(cluster string) func(controller.Input) controller.Result {
	return registrationIn(cluster, kafka.UUID{1, 2, 3})
}

func registrationIn(cluster string, dir kafka.UUID) func(controller.Input) controller.Result {
	req := msg.NewBrokerRegistrationRequest()
	req.BrokerId, req.ClusterId, req.IncarnationId = 1, cluster, kafka.UUID{9}
	req.Rack, req.LogDirs = nil, []kafka.UUID{dir}
	for _, f := range controller.SupportedFeatures() {
		req.Features = append(req.Features, msg.BrokerRegistrationRequestFeature{Name: f.Name, MinSupportedVersion: f.Min, MaxSupportedVersion: f.Max})
	}
	return func(in controller.Input) controller.Result { return controller.RegisterBroker(in, req) }
}

// unfence is the heartbeat of broker 1 that has caught up.
func unfence(in controller.Input) controller.Result {
	b, _ := in.Image.Cluster.Broker(1)
	beat := msg.NewBrokerHeartbeatRequest()
	beat.BrokerId, beat.BrokerEpoch, beat.CurrentMetadataOffset = 1, b.Epoch, int64(in.Next)
	return controller.BrokerHeartbeat(in, beat)
}

func execute[R any](t testing.TB, q *Quorum, decide func(controller.Input) controller.Result) R {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	resp, err := q.Execute(ctx, decide)
	if err != nil {
		t.Fatal(err)
	}
	return resp.(R)
}

func createTopic(name string, partitions int32) func(controller.Input) controller.Result {
	req := msg.NewCreateTopicsRequest()
	req.Topics = []msg.CreateTopicsRequestCreatableTopic{{Name: name, NumPartitions: partitions, ReplicationFactor: 1}}
	return func(in controller.Input) controller.Result { return controller.CreateTopics(in, req) }
}

func mustCreate(t testing.TB, q *Quorum, name string, partitions int32) {
	t.Helper()
	resp := execute[*msg.CreateTopicsResponse](t, q, createTopic(name, partitions))
	if resp.Topics[0].ErrorCode != 0 {
		t.Fatalf("create %s: %+v", name, *resp.Topics[0].ErrorMessage)
	}
}

func TestOneVoterStartsDecidesAndRestarts(t *testing.T) {
	dir := t.TempDir()
	if err := Format(vfs.OS{}, dir, FormatOptions{Now: time.Now()}); err != nil {
		t.Fatal(err)
	}
	begin := time.Now()
	q := start(t, testConfig(t, vfs.OS{}, dir))
	t.Logf("first start: %v", time.Since(begin))
	register(t, q)
	t.Logf("registered: %v", time.Since(begin))
	begin = time.Now()
	mustCreate(t, q, "a", 5000)
	t.Logf("5000 partitions: %v", time.Since(begin))
	begin = time.Now()
	mustCreate(t, q, "b", 5000)
	t.Logf("5000 partitions: %v", time.Since(begin))
	begin = time.Now()
	mustCreate(t, q, "c", 1)
	t.Logf("1 partition: %v", time.Since(begin))
	before := q.Image()
	mustClose(t, q)
	begin = time.Now()
	q = start(t, testConfig(t, vfs.OS{}, dir))
	t.Logf("restart: %v", time.Since(begin))
	if n := q.Image().Topics.NumPartitions(); n != 10001 {
		t.Fatalf("%d partitions after the restart, want 10001", n)
	}
	if d := metadata.Diff(before, q.Image()); !d.IsEmpty() {
		t.Fatalf("the image differs after the restart: %+v", d)
	}
}
