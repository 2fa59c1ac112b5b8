package gregortest_test

import (
	"fmt"
	"runtime"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gregor-stream/gregor/gregortest"
)

// judge is a test that says why it failed.
type judge struct {
	testing.TB
	fatal string
}

// Fatal notes and ends the goroutine, as a test's does.
func (j *judge) Fatal(args ...any) { j.Fatalf("%s", fmt.Sprint(args...)) }

// Fatalf notes and ends the goroutine, as a test's does.
func (j *judge) Fatalf(format string, args ...any) {
	j.fatal = fmt.Sprintf(format, args...)
	runtime.Goexit()
}

// fatal runs f on a broker and gives what ended its test.
func fatal(t *testing.T, f func(b *gregortest.Broker), opts ...gregortest.Option) string {
	j := &judge{TB: t}
	done := make(chan struct{})
	go func() {
		defer close(done)
		f(gregortest.New(j, append(opts, gregortest.Pipes())...))
	}()
	<-done
	return j.fatal
}

func TestMistakesAreToldInOneLine(t *testing.T) {
	nothing := func(*gregortest.Broker) {}
	synctest.Test(t, func(t *testing.T) {
		tests := []struct {
			want string
			f    func(*gregortest.Broker)
			opts []gregortest.Option
		}{
			{`Properties("num.partitions"): want key=value`, nothing, []gregortest.Option{gregortest.Properties("num.partitions")}},
			{`Not a number of type INT`, nothing, []gregortest.Option{gregortest.Properties("num.partitions=many")}},
			{`CreateTopic("a/b")`, func(b *gregortest.Broker) { b.CreateTopic("a/b", 1) }, nil},
			{`the config "x" is not key=value`, func(b *gregortest.Broker) { b.CreateTopic("t", 1, "x") }, nil},
			{`Produce to never-0: UNKNOWN_TOPIC_OR_PARTITION`, func(b *gregortest.Broker) { b.Produce("never", gregortest.Values("x")...) }, nil},
			{`Produce to t-3: UNKNOWN_TOPIC_OR_PARTITION`, func(b *gregortest.Broker) {
				b.CreateTopic("t", 1)
				b.Produce("t", gregortest.Record{Partition: 3})
			}, nil},
			{`after 1m0s it has 0 members, want 2, and its state is Dead`, func(b *gregortest.Broker) { b.WaitForGroup("g", 2) }, nil},
			{`CreateAcls is not supported; these are: AddOffsetsToTxn, `, func(b *gregortest.Broker) {
				b.FailRequests(gregortest.API(30), gregortest.ErrPolicyViolation, 1)
			}, nil},
			{`is not supported`, func(b *gregortest.Broker) { b.DelayRequests(gregortest.API(-7), time.Second, 1) }, nil},
			{`9999 is no error code`, func(b *gregortest.Broker) { b.FailRequests(gregortest.Produce, 9999, 1) }, nil},
			{`-1 requests cannot be`, func(b *gregortest.Broker) {
				b.FailRequests(gregortest.Produce, gregortest.ErrPolicyViolation, -1)
			}, nil},
			{`0 writes are none`, func(b *gregortest.Broker) { b.FailWrites("t", 0) }, nil},
			{`Start: the broker runs already`, (*gregortest.Broker).Start, nil},
			{`Start: the broker is closed`, func(b *gregortest.Broker) { b.Close(); b.Start() }, nil},
			{`Stop: the broker does not run`, func(b *gregortest.Broker) { b.Stop(); b.Stop() }, nil},
			{`Crash: the broker does not run`, func(b *gregortest.Broker) { b.Kill(); b.Crash(nil) }, nil},
			{`CreateTopic("t"): the broker does not run`, func(b *gregortest.Broker) { b.Stop(); b.CreateTopic("t", 1) }, nil},
		}
		for _, c := range tests {
			got := fatal(t, c.f, c.opts...)
			if !strings.HasPrefix(got, "gregortest: ") || !strings.Contains(got, c.want) || strings.Contains(got, "\n") {
				t.Errorf("got %q, want %q in one line", got, c.want)
			}
		}
	})
}

func TestCodesAndKeysHaveKafkasNames(t *testing.T) {
	if got := gregortest.ErrNotLeaderOrFollower.Error(); got != "NOT_LEADER_OR_FOLLOWER" {
		t.Error(got)
	}
	if got := gregortest.OffsetForLeaderEpoch.String(); got != "OffsetForLeaderEpoch" {
		t.Error(got)
	}
}
