package dump

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/gregor-stream/gregor/test/harness"
)

// formatted makes a broker's folder with a configuration, and has its
// directory formatted by run.
func formatted(t *testing.T, dynamic bool, run func(args ...string) (harness.Printed, error), args ...string) harness.Options {
	t.Helper()
	port, err := harness.FreePort()
	controller, err2 := harness.FreePort()
	if err := errors.Join(err, err2); err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	quorum := fmt.Sprintf("controller.quorum.voters=1@localhost:%d", controller)
	o := harness.Options{Name: "formatted", Dir: dir, Port: port, Controller: controller, Properties: map[string]string{}}
	if dynamic {
		quorum = fmt.Sprintf("controller.quorum.bootstrap.servers=localhost:%d", controller)
		o.Properties["controller.quorum.voters"] = ""
		o.Properties["controller.quorum.bootstrap.servers"] = fmt.Sprintf("localhost:%d", controller)
	}
	conf := write(t, filepath.Join(dir, "format.properties"), fmt.Appendf(nil,
		"process.roles=broker,controller\nnode.id=1\nlog.dirs=%s\ncontroller.listener.names=CONTROLLER\nlisteners=PLAINTEXT://localhost:%d,CONTROLLER://localhost:%d\n%s\n",
		filepath.Join(dir, "data"), port, controller, quorum))
	r, err := run(append([]string{"format", "-t", cluster, "-c", conf}, args...)...)
	if err != nil || r.Code != 0 {
		t.Fatalf("%v: exit code %d\n%s%s", err, r.Code, r.Out, r.Err)
	}
	return o
}

// TestEitherStartsWhatEitherFormatted formats with ours and starts Kafka and
// Gregor, and with Kafka's and starts Gregor, for both kinds of quorum.
func TestEitherStartsWhatEitherFormatted(t *testing.T) {
	k := tools(t, "broker")
	ours := func(args ...string) (harness.Printed, error) { return gregor(append([]string{"storage"}, args...)...) }
	kafkas := func(args ...string) (harness.Printed, error) { return k.run(storageClass, args...) }
	tests := []struct {
		name    string
		run     func(args ...string) (harness.Printed, error)
		start   func(harness.Options) (*harness.Broker, error)
		dynamic bool
		args    []string
	}{
		{"ours started by Kafka", ours, harness.StartKafka, false, []string{"-S", withSalt, "-S", withKeys}},
		{"ours started by Gregor", ours, harness.StartGregor, false, []string{"-S", withSalt}},
		{"theirs started by Gregor", kafkas, harness.StartGregor, false, []string{"-S", withSalt}},
		{"ours started by Kafka dynamic", ours, harness.StartKafka, true, []string{"--standalone"}},
		{"ours started by Gregor dynamic", ours, harness.StartGregor, true, []string{"--standalone"}},
		{"theirs started by Gregor dynamic", kafkas, harness.StartGregor, true, []string{"--standalone"}},
		{"ours of an older release started by Kafka", ours, harness.StartKafka, false, []string{"-r", "3.9"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			b, err := tt.start(formatted(t, tt.dynamic, tt.run, tt.args...))
			harness.Missing(t, err)
			if err != nil {
				t.Fatal(err)
			}
			l := &live{t, b, t.Context()}
			t.Cleanup(func() { _ = b.Kill() }) // it is stopped below
			l.topic("works")
			l.must(l.client().ProduceSync(l.ctx, &kgo.Record{Topic: "works", Value: []byte("yes")}).FirstErr())
			adm := kadm.NewClient(l.client())
			about, err := adm.BrokerMetadata(l.ctx)
			l.must(err)
			if about.Cluster != cluster {
				t.Errorf("the cluster is %s, want %s", about.Cluster, cluster)
			}
			if strings.Contains(tt.name, "by Kafka") && tt.args[0] == "-S" {
				users, err := adm.DescribeUserSCRAMs(l.ctx)
				l.must(err)
				if len(users) != 2 || users["alice"].CredInfos[0].Iterations != 4096 || users["bob"].CredInfos[0].Iterations != 8192 {
					t.Errorf("the users are %+v", users)
				}
			}
			l.must(b.Stop())
			if _, err := os.Stat(filepath.Join(b.Data(), ".kafka_cleanshutdown")); err != nil {
				t.Error(err)
			}
		})
	}
}
