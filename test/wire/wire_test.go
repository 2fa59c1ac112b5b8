package wire

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/gregor-stream/gregor/test/harness"
)

// row is one line of the report: one API key.
type row struct {
	Key                  string
	Kafka, Gregor        string // version ranges
	Answers, Differences int
}

func TestAnswersAreKafkas(t *testing.T) {
	pair, err := harness.StartPair("wire")
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := pair.Close(); err != nil {
			t.Error(err)
		}
	}()
	kafka, gregor := versions(t, pair.Kafka), versions(t, pair.Gregor)
	truly := kafka[int16(kmsg.Produce)]
	truly.MinVersion = 3 // it says 0 for old librdkafka's sake, and closes the connection (KAFKA-18659)
	kafka[int16(kmsg.Produce)] = truly
	report := &report{rows: map[int16]*row{}}
	for key := range kafka {
		report.rows[key] = &row{Key: kmsg.NameForKey(key), Kafka: span(kafka, key), Gregor: span(gregor, key)}
	}
	for _, addr := range []string{pair.Kafka, pair.Gregor} {
		if _, err := tell(prelude(), addr, kafka[int16(kmsg.FindCoordinator)].MaxVersion, kafka); err != nil {
			t.Fatal(err)
		}
	}
	t.Run("stories", func(t *testing.T) {
		for _, s := range stories() {
			t.Run(strings.ReplaceAll(s.name, " ", "-"), func(t *testing.T) {
				t.Parallel()
				key := int16(s.key)
				top := min(kafka[key].MaxVersion, kmsg.RequestForKey(key).MaxVersion())
				for v := kafka[key].MinVersion; v <= top; v++ {
					t.Run(fmt.Sprintf("v%d", v), func(t *testing.T) {
						answers, different := compare(t, pair, s, v, kafka)
						report.count(key, answers, different)
					})
				}
			})
		}
	})
	t.Run("unknown", func(t *testing.T) { unknownVersions(t, pair, kafka, gregor) })
	t.Run("dropped", func(t *testing.T) { droppedVersions(t, pair, kafka, gregor, report) })
	t.Run("receiver", func(t *testing.T) { withReceiver(t, report) })
	report.write(t)
}

func stories() []story {
	return slices.Concat(topicStories(), dataStories(), groupStories(), adminStories(), transactionStories())
}

// droppedVersions tells the stories at the versions that Kafka 4 dropped and
// gregor serves, and compares with the last Kafka that served them.
func droppedVersions(t *testing.T, pair *harness.Pair, kafka, gregor map[int16]kmsg.ApiVersionsResponseApiKey, report *report) {
	old, err := harness.StartKafka(harness.Options{Name: "old", Old: true, Properties: harness.Proof()})
	harness.Missing(t, err)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = old.Remove() }()
	serves := versions(t, old.Addr())
	if _, err := tell(prelude(), old.Addr(), 3, serves); err != nil {
		t.Fatal(err)
	}
	pair = &harness.Pair{Kafka: old.Addr(), Gregor: pair.Gregor}
	for _, s := range slices.Concat(stories(), oldStories()) {
		key := int16(s.key)
		for v := max(serves[key].MinVersion, gregor[key].MinVersion); v < kafka[key].MinVersion; v++ {
			if differsSince(s, v) {
				continue
			}
			t.Run(fmt.Sprintf("%s/v%d", strings.ReplaceAll(s.name, " ", "-"), v), func(t *testing.T) {
				answers, different := compare(t, pair, s, v, serves)
				report.count(key, answers, different)
			})
		}
	}
}

// differsSince names the stories whose answers have changed between that
// Kafka and 4.4 for another reason than the version of the request.
func differsSince(s story, v int16) bool {
	switch s.key {
	case kmsg.OffsetCommit, kmsg.OffsetFetch: // version 0 was ZooKeeper's: 3.9 refuses it, gregor serves it
		return v == 0
	case kmsg.DescribeConfigs: // other keys and defaults; 3.9 leaves IsDefault of version 0 unset
		return true
	case kmsg.CreateTopics:
		return s.name == "creating with configs"
	}
	return false
}

// prelude makes the brokers create their own topics, before a story asks for
// one of that name.
func prelude() story {
	return story{kmsg.FindCoordinator, "prelude", func(x *talk) { x.awaitGroup(x.name("g")); x.txn("x") }}
}

// versions asks a broker what it serves.
func versions(t *testing.T, addr string) map[int16]kmsg.ApiVersionsResponseApiKey {
	t.Helper()
	c := &conn{addr: addr}
	defer c.close()
	resp, _, err := c.ask(kmsg.NewPtrApiVersionsRequest())
	if err != nil {
		t.Fatalf("ApiVersions of %s: %v", addr, err)
	}
	keys := map[int16]kmsg.ApiVersionsResponseApiKey{}
	for _, k := range resp.(*kmsg.ApiVersionsResponse).ApiKeys {
		keys[k.ApiKey] = k
	}
	return keys
}

func span(keys map[int16]kmsg.ApiVersionsResponseApiKey, key int16) string {
	k, ok := keys[key]
	if !ok {
		return ""
	}
	return fmt.Sprintf("%d-%d", k.MinVersion, k.MaxVersion)
}

// tell holds a story with one broker.
func tell(s story, addr string, v int16, serves map[int16]kmsg.ApiVersionsResponseApiKey) ([]answer, error) {
	port, err := harness.PortOf(addr)
	if err != nil {
		return nil, err
	}
	newest := map[int16]int16{}
	for key, k := range serves {
		newest[key] = k.MaxVersion
	}
	c, err := dial(addr)
	if err != nil {
		return nil, err
	}
	slug := strings.ReplaceAll(s.name, " ", "-")
	x := &talk{
		key: int16(s.key), version: v, prefix: fmt.Sprintf("w-%s-%d-", slug, v),
		newest: newest, main: c, last: time.Now(), masker: newMasker(port, time.Now()),
	}
	defer x.close()
	s.tell(x)
	return x.answers, nil
}

// tries is how often a story is told before a difference counts. A broker of
// Kafka's asks the coordinator about several producers in one request, and takes
// what the first of them understands for all: an older one that asks in the same
// moment changes the code of a refusal (AddPartitionsToTxnManager).
func (s *story) tries() int {
	if s.name == "producing in transactions" {
		return 3
	}
	return 1
}

// compare tells one story to both and reports every difference.
func compare(t *testing.T, pair *harness.Pair, s story, v int16, serves map[int16]kmsg.ApiVersionsResponseApiKey) (int, int) {
	t.Helper()
	for try := 1; ; try++ {
		answers, different := compareOnce(t, pair, s, v, serves)
		if len(different) > 0 && try < s.tries() {
			continue
		}
		for _, d := range different {
			t.Error(d)
		}
		return answers, len(different)
	}
}

func compareOnce(t *testing.T, pair *harness.Pair, s story, v int16, serves map[int16]kmsg.ApiVersionsResponseApiKey) (int, []string) {
	t.Helper()
	var kafka, gregor []answer
	var errKafka, errGregor error
	var wg sync.WaitGroup
	wg.Go(func() { kafka, errKafka = tell(s, pair.Kafka, v, serves) })
	wg.Go(func() { gregor, errGregor = tell(s, pair.Gregor, v, serves) })
	wg.Wait()
	if errKafka != nil || errGregor != nil {
		t.Fatalf("kafka: %v, gregor: %v", errKafka, errGregor)
	}
	var different []string
	for i := range max(len(kafka), len(gregor)) {
		var k, g answer
		if i < len(kafka) {
			k = kafka[i]
		}
		if i < len(gregor) {
			g = gregor[i]
		}
		if k.took > 3*time.Second || g.took > 3*time.Second {
			t.Logf("slow: %s: kafka %v, gregor %v", k.step, k.took, g.took)
		}
		if d := difference(k.lines, g.lines); d != "" || k.step != g.step {
			different = append(different, fmt.Sprintf("%s v%d, %s: %s\n%s", kmsg.NameForKey(int16(s.key)), v, s.name, max(k.step, g.step), d))
		}
	}
	return len(kafka), different
}

// report counts answers; stories run in parallel.
type report struct {
	mu   sync.Mutex
	rows map[int16]*row
}

func (r *report) count(key int16, answers, differences int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.rows[key].Answers += answers
	r.rows[key].Differences += differences
}

// write prints the table and leaves it for docs/conformance.md.
func (r *report) write(t *testing.T) {
	t.Helper()
	rows := make([]*row, 0, len(r.rows))
	answers, differences := 0, 0
	for _, one := range r.rows {
		rows = append(rows, one)
		answers += one.Answers
		differences += one.Differences
	}
	slices.SortFunc(rows, func(a, b *row) int { return strings.Compare(a.Key, b.Key) })
	var table strings.Builder
	for _, one := range rows {
		fmt.Fprintf(&table, "%-32s kafka %-6s gregor %-6s %5d answers, %d differ\n", one.Key, one.Kafka, one.Gregor, one.Answers, one.Differences)
	}
	t.Logf("%d answers compared, %d differ\n%s", answers, differences, table.String())
	if harness.WholeRun() {
		if err := harness.WriteSection("wire", r.page(rows, answers, differences)); err != nil {
			t.Error(err)
		}
	}
}

// page is the table for docs/conformance.md.
func (r *report) page(rows []*row, answers, differences int) string {
	var page strings.Builder
	fmt.Fprintf(&page, "%d answers compared, %d differ.\n\n", answers, differences)
	page.WriteString("| API | Apache Kafka | Gregor | answers | differ |\n|---|---|---|---|---|\n")
	var later []string
	for _, one := range rows {
		if one.Gregor == "" {
			later = append(later, one.Key)
			continue
		}
		fmt.Fprintf(&page, "| %s | %s | %s | %d | %d |\n", one.Key, one.Kafka, one.Gregor, one.Answers, one.Differences)
	}
	fmt.Fprintf(&page, "\nNot served by Gregor yet, of what Apache Kafka advertises (%d): %s.\n", len(later), strings.Join(later, ", "))
	return page.String()
}
