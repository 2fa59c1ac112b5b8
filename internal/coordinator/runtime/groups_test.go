package runtime

import (
	"context"
	"crypto/rand"
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"github.com/gregor-stream/gregor/internal/batch"
	"github.com/gregor-stream/gregor/internal/compress"
	"github.com/gregor-stream/gregor/internal/coordinator"
	"github.com/gregor-stream/gregor/internal/coordinator/group"
	"github.com/gregor-stream/gregor/internal/kafka"
	"github.com/gregor-stream/gregor/internal/msg"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const partitions = 3

func newTestGroups(logs *memLogs) *Groups {
	g := NewGroups(GroupsConfig{
		Group:      group.Config{InitialRebalanceDelay: 3 * time.Second},
		Partitions: func() int32 { return partitions }, Logs: logs, Random: rand.Reader,
	})
	for p := range int32(partitions) {
		g.Elected(p, 1)
	}
	return g
}

func caller(version int16) group.Caller {
	return group.Caller{Version: version, ClientID: "c", ClientHost: "/127.0.0.1"}
}

// commit commits an offset of t-0, and returns the partition's code.
func commit(g *Groups, id string, offset int64) kafka.Error {
	resp := g.CommitOffsets(context.Background(), caller(9), &msg.OffsetCommitRequest{
		GroupId: id, GenerationIdOrMemberEpoch: -1, RetentionTimeMs: -1,
		Topics: []msg.OffsetCommitRequestTopic{{Name: "t", Partitions: []msg.OffsetCommitRequestPartition{{CommittedOffset: offset}}}},
	})
	return kafka.Error(resp.Topics[0].Partitions[0].ErrorCode)
}

// fetch reads the offset of t-0: -1 where there is none.
func fetch(g *Groups, id string, stable bool) (int64, kafka.Error) {
	resp := g.FetchOffsets(context.Background(), caller(9), &msg.OffsetFetchRequestGroup{
		GroupId: id, Topics: []msg.OffsetFetchRequestTopics{{Name: "t", PartitionIndexes: []int32{0}}},
	}, stable)
	if resp.ErrorCode != 0 {
		return -1, kafka.Error(resp.ErrorCode)
	}
	return resp.Topics[0].Partitions[0].CommittedOffset, 0
}

func joinRequest(id, member string) *msg.JoinGroupRequest {
	return &msg.JoinGroupRequest{
		GroupId: id, MemberId: member, SessionTimeoutMs: 10_000, RebalanceTimeoutMs: 60_000, ProtocolType: "consumer",
		Protocols: []msg.JoinGroupRequestProtocol{{Name: "range", Metadata: []byte{0, 0, 0, 0, 0, 0, 0, 0, 0, 0}}},
	}
}

func mustBe[T comparable](t *testing.T, got, want T) {
	t.Helper()
	if got != want {
		t.Fatalf("got %v, want %v", got, want)
	}
}

func TestCommittedOffsetsSurviveARestart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		logs := newMemLogs()
		g := newTestGroups(logs)
		for i := range 100 {
			mustBe(t, commit(g, fmt.Sprint("g", i%10), int64(i)), kafka.ErrNone)
		}
		g.Close()
		mustBe(t, commit(g, "g1", 1), kafka.ErrCoordinatorNotAvailable)

		g = newTestGroups(logs)
		synctest.Wait()
		for i := range 10 {
			offset, code := fetch(g, fmt.Sprint("g", i), i%2 == 0)
			mustBe(t, code, kafka.ErrNone)
			mustBe(t, offset, int64(90+i))
		}
		list := g.ListGroups(context.Background(), caller(5), &msg.ListGroupsRequest{})
		mustBe(t, len(list.Groups), 10)
		g.Close()
	})
}

func TestCompressedBatchesAreWrittenAndRead(t *testing.T) {
	for codec := compress.None; codec <= compress.Zstd; codec++ {
		logs := newMemLogs()
		for range 3 {
			g := NewGroups(GroupsConfig{Partitions: func() int32 { return 1 }, Logs: logs, Codec: codec, Pool: new(compress.Pool)})
			g.Elected(0, 1)
			for {
				code := commit(g, "g", 7)
				if code == kafka.ErrNone {
					break
				}
				mustBe(t, code, kafka.ErrCoordinatorLoadInProgress)
			}
			offset, code := fetch(g, "g", true)
			mustBe(t, code, kafka.ErrNone)
			mustBe(t, offset, 7)
			g.Close()
		}
		mustBe(t, batch.Batch(logs.log(0).batches).Codec(), codec)
	}
}

func TestACommitIsAnsweredWhenTheHighWatermarkHasPassedIt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		logs := newMemLogs()
		g := newTestGroups(logs)
		defer g.Close()
		log := logs.log(g.PartitionFor("g"))
		mustBe(t, commit(g, "g", 1), kafka.ErrNone)
		log.hold()
		committed := make(chan kafka.Error, 1)
		go func() { committed <- commit(g, "g", 2) }()
		synctest.Wait()
		if len(committed) > 0 {
			t.Fatal("it was answered too early")
		}
		offset, _ := fetch(g, "g", false)
		mustBe(t, offset, 1)
		stable := make(chan int64, 1)
		go func() { offset, _ := fetch(g, "g", true); stable <- offset }()
		synctest.Wait()
		if len(stable) > 0 {
			t.Fatal("a stable offset was answered too early")
		}
		log.release()
		mustBe(t, <-committed, kafka.ErrNone)
		mustBe(t, <-stable, 2)
		synctest.Wait()
		mustBe(t, len(log.watchers), 0)
	})
}

// Where only the disk is waited for, a read sees what was written before it.
func TestAReadWaitsForTheDisk(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		logs := newMemLogs()
		g := newTestGroups(logs)
		defer g.Close()
		log := logs.log(g.PartitionFor("g"))
		mustBe(t, commit(g, "g", 1), kafka.ErrNone)
		log.disk = true
		log.hold()
		committed, seen := make(chan kafka.Error, 1), make(chan int64, 2)
		go func() { committed <- commit(g, "g", 2) }()
		synctest.Wait()
		go func() { offset, _ := fetch(g, "g", false); seen <- offset }()
		synctest.Wait()
		if len(seen) > 0 {
			t.Fatal("a read did not wait for what is about to be on disk")
		}
		log.release()
		mustBe(t, <-committed, kafka.ErrNone)
		mustBe(t, <-seen, 2)
		// A disk that hangs: the write is given up, the read sees what was there.
		log.hold()
		go func() { committed <- commit(g, "g", 3) }()
		synctest.Wait()
		go func() { offset, _ := fetch(g, "g", false); seen <- offset }()
		mustBe(t, <-committed, kafka.ErrCoordinatorNotAvailable)
		mustBe(t, <-seen, 2)
		// One that fails to take the write.
		log.failWith(kafka.ErrKafkaStorageError)
		mustBe(t, commit(g, "g", 4), kafka.ErrNotCoordinator)
		log.failWith(nil)
		log.release()
		offset, _ := fetch(g, "g", false)
		mustBe(t, offset, 3)
	})
}

func TestAWriteThatIsNotReplicatedTimesOut(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		logs := newMemLogs()
		g := newTestGroups(logs)
		defer g.Close()
		logs.log(g.PartitionFor("g")).hold()
		began := time.Now()
		mustBe(t, commit(g, "g", 2), kafka.ErrCoordinatorNotAvailable)
		mustBe(t, time.Since(began), 5*time.Second)
	})
}

func TestAFailedAppendTakesTheStateBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		logs := newMemLogs()
		g := newTestGroups(logs)
		defer g.Close()
		log := logs.log(g.PartitionFor("g"))
		mustBe(t, commit(g, "g", 1), kafka.ErrNone)
		log.failWith(kafka.ErrKafkaStorageError)
		mustBe(t, commit(g, "g", 2), kafka.ErrNotCoordinator)
		mustBe(t, commit(g, "g", 2), kafka.ErrNotCoordinator)
		join := g.JoinGroup(context.Background(), caller(9), joinRequest("g", ""))
		mustBe(t, kafka.Error(join.ErrorCode), kafka.ErrMemberIDRequired) // writes nothing: the group exists
		log.failWith(nil)
		offset, _ := fetch(g, "g", true)
		mustBe(t, offset, 1)
		mustBe(t, commit(g, "g", 3), kafka.ErrNone)
		offset, _ = fetch(g, "g", true)
		mustBe(t, offset, 3)
	})
}

func TestRecordsThatFitNoBatchAreRefused(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		logs := newMemLogs()
		g := newTestGroups(logs)
		defer g.Close()
		log := logs.log(g.PartitionFor("g"))
		log.max = 200
		mustBe(t, commit(g, "g", 1), kafka.ErrNone)
		req := &msg.OffsetCommitRequest{GroupId: "g", GenerationIdOrMemberEpoch: -1, RetentionTimeMs: -1, Topics: []msg.OffsetCommitRequestTopic{{Name: "t"}}}
		for i := range int32(10) {
			req.Topics[0].Partitions = append(req.Topics[0].Partitions, msg.OffsetCommitRequestPartition{PartitionIndex: i, CommittedOffset: 5})
		}
		resp := g.CommitOffsets(context.Background(), caller(9), req)
		mustBe(t, kafka.Error(resp.Topics[0].Partitions[9].ErrorCode), kafka.ErrUnknownServerError)
		log.max = 1 << 20
		resp = g.CommitOffsets(context.Background(), caller(9), req)
		mustBe(t, kafka.Error(resp.Topics[0].Partitions[9].ErrorCode), kafka.ErrNone)
		// What may be divided is: the topic's ten offsets go in several batches.
		log.max = 110
		before := log.appends
		g.TopicsDeleted([]coordinator.TopicRef{{Name: "t"}})
		synctest.Wait()
		offset, _ := fetch(g, "g", true)
		mustBe(t, offset, -1)
		if log.appends-before < 5 {
			t.Fatalf("%d appends", log.appends-before)
		}
	})
}

func TestManyWritersShareAnAppend(t *testing.T) {
	logs := newMemLogs()
	g := newTestGroups(logs)
	defer g.Close()
	const writers, each = 50, 40
	var all sync.WaitGroup
	for range writers {
		all.Go(func() {
			for i := range each {
				if code := commit(g, "g", int64(i)); code != kafka.ErrNone {
					t.Error(code)
				}
			}
		})
	}
	all.Wait()
	log := logs.log(g.PartitionFor("g"))
	mustBe(t, log.end, writers*each)
	if log.appends > writers*each {
		t.Fatalf("%d appends", log.appends)
	}
	t.Logf("%d commits in %d appends", writers*each, log.appends)
}

func TestMembersWaitForEachOther(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		logs := newMemLogs()
		g := newTestGroups(logs)
		defer g.Close()
		ctx := context.Background()
		type joined struct {
			at   time.Duration
			resp *msg.JoinGroupResponse
		}
		answers := make(chan joined, 2)
		began := time.Now()
		for range 2 {
			go func() {
				resp := g.JoinGroup(ctx, caller(3), joinRequest("g", ""))
				answers <- joined{time.Since(began), resp}
			}()
		}
		a, b := <-answers, <-answers
		mustBe(t, a.at, 6*time.Second) // the delay was extended once
		mustBe(t, kafka.Error(b.resp.ErrorCode), kafka.ErrNone)
		leader, follower := a.resp, b.resp
		if leader.MemberId != leader.Leader {
			leader, follower = follower, leader
		}
		mustBe(t, len(leader.Members), 2)
		synced := make(chan *msg.SyncGroupResponse, 1)
		go func() {
			synced <- g.SyncGroup(ctx, caller(3), &msg.SyncGroupRequest{GroupId: "g", MemberId: follower.MemberId, GenerationId: 1})
		}()
		synctest.Wait()
		own := g.SyncGroup(ctx, caller(3), &msg.SyncGroupRequest{GroupId: "g", MemberId: leader.MemberId, GenerationId: 1,
			Assignments: []msg.SyncGroupRequestAssignment{{MemberId: follower.MemberId, Assignment: []byte("x")}}})
		mustBe(t, kafka.Error(own.ErrorCode), kafka.ErrNone)
		mustBe(t, string((<-synced).Assignment), "x")

		// The leader is lost to another node while somebody waits.
		go func() { answers <- joined{resp: g.JoinGroup(ctx, caller(3), joinRequest("g", ""))} }()
		synctest.Wait()
		g.Resigned(g.PartitionFor("g"))
		lost := <-answers
		mustBe(t, kafka.Error(lost.resp.ErrorCode), kafka.ErrNotCoordinator)
		beat := &msg.HeartbeatRequest{GroupId: "g", MemberId: leader.MemberId, GenerationId: 1}
		mustBe(t, kafka.Error(g.Heartbeat(ctx, caller(4), beat).ErrorCode), kafka.ErrNotCoordinator)

		// And comes back: the members' sessions begin anew.
		g.Elected(g.PartitionFor("g"), 2)
		synctest.Wait()
		mustBe(t, kafka.Error(g.Heartbeat(ctx, caller(4), beat).ErrorCode), kafka.ErrNone)
		time.Sleep(11 * time.Second)
		described := g.DescribeGroups(ctx, caller(6), []string{"g", "nobody"})
		mustBe(t, described[0].GroupState, "Empty")
		mustBe(t, kafka.Error(described[1].ErrorCode), kafka.ErrGroupIDNotFound)
	})
}

func TestLoadingReadsSoMuchAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		logs := newMemLogs()
		g := newTestGroups(logs)
		for i := range int64(500) {
			mustBe(t, commit(g, "g", i), kafka.ErrNone)
		}
		g.Close()
		g = NewGroups(GroupsConfig{Partitions: func() int32 { return partitions }, Logs: logs, LoadBytes: 1000})
		defer g.Close()
		g.Elected(g.PartitionFor("g"), 1)
		synctest.Wait()
		offset, code := fetch(g, "g", false)
		mustBe(t, code, kafka.ErrNone)
		mustBe(t, offset, 499)
		mustBe(t, logs.log(g.PartitionFor("g")).largest, 1000)
	})
}

func TestRequestsDuringLoading(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		logs := newMemLogs()
		g := newTestGroups(logs)
		mustBe(t, commit(g, "g", 7), kafka.ErrNone)
		g.Close()
		logs.log(g.PartitionFor("g")).slow = time.Second
		g = newTestGroups(logs)
		defer g.Close()
		mustBe(t, commit(g, "g", 8), kafka.ErrCoordinatorLoadInProgress)
		_, code := fetch(g, "g", false)
		mustBe(t, code, kafka.ErrCoordinatorLoadInProgress)
		ctx := context.Background()
		mustBe(t, kafka.Error(g.Heartbeat(ctx, caller(4), &msg.HeartbeatRequest{GroupId: "g"}).ErrorCode), kafka.ErrNone)
		mustBe(t, kafka.Error(g.ListGroups(ctx, caller(4), &msg.ListGroupsRequest{}).ErrorCode), kafka.ErrCoordinatorLoadInProgress)
		time.Sleep(2 * time.Second)
		offset, code := fetch(g, "g", false)
		mustBe(t, code, kafka.ErrNone)
		mustBe(t, offset, 7)
	})
}

func TestAPartitionThatCannotBeLoadedIsNotServed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		logs := newMemLogs()
		g := newTestGroups(logs)
		mustBe(t, commit(g, "g", 7), kafka.ErrNone)
		g.Close()
		log := logs.log(g.PartitionFor("g"))
		log.batches[len(log.batches)-1] ^= 1
		g = newTestGroups(logs)
		synctest.Wait()
		mustBe(t, commit(g, "g", 8), kafka.ErrNotCoordinator)
		g.Close()
	})
}

func TestARequestEndsWithItsContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		logs := newMemLogs()
		g := newTestGroups(logs)
		defer g.Close()
		ctx, cancel := context.WithTimeout(context.Background(), time.Second)
		defer cancel()
		resp := g.JoinGroup(ctx, caller(3), joinRequest("g", ""))
		mustBe(t, kafka.Error(resp.ErrorCode), kafka.ErrCoordinatorNotAvailable)
		time.Sleep(time.Minute) // its member is answered into nothing
	})
}

func BenchmarkCommit(b *testing.B) {
	g := newTestGroups(newMemLogs())
	defer g.Close()
	b.ReportAllocs()
	for i := range b.N {
		_ = commit(g, "g", int64(i))
	}
}
