package dump

import (
	"encoding/binary"
	"encoding/hex"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/gregor-stream/gregor/test/harness"
)

func write(t *testing.T, path string, parts ...[]byte) string {
	t.Helper()
	var all []byte
	for _, p := range parts {
		all = append(all, p...)
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, all, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// TestOldFormats compares on messages of v0 and v1, plain and wrapped.
func TestOldFormats(t *testing.T) {
	k := tools(t, "tools")
	dir := t.TempDir()
	for magic := range byte(2) {
		inner := [][]byte{messageOf(magic, 0, 0, nil, []byte("a")), messageOf(magic, 1, 0, []byte("k"), []byte("bb")), messageOf(magic, 2, 0, []byte{}, nil)}
		if magic == 0 { // whose offsets within are absolute
			for i := range inner {
				inner[i] = messageOf(0, int64(3+i), 0, nil, []byte("a"))
			}
		}
		plain := messageOf(magic, 0, 0, []byte("key"), []byte("value"))
		path := write(t, filepath.Join(dir, strconv.Itoa(int(magic)), "00000000000000000000.log"),
			plain, messageOf(magic, 1, 0, nil, nil), messageOf(magic, 2, 8, []byte{}, []byte{0xff, 0xfe, 'x'}),
			messageOf(magic, 5, 1, nil, gzipped(inner...)), messageOf(magic, 8, 1|8, nil, gzipped(inner...)),
			batchOf(9, 0, entry{value: []byte("of v2")}), plain[:20])
		for _, option := range options() {
			compare(t, k, append([]string{"--files", path}, option...)...)
		}
		for name, last := range map[string][]byte{
			"empty": messageOf(magic, 5, 1, nil, gzipped()), "no value": messageOf(magic, 5, 1, nil, nil), "zstd": messageOf(magic, 5, 4, nil, []byte("x")),
			"twice": messageOf(magic, 5, 1, nil, gzipped(messageOf(magic, 0, 1, nil, gzipped(inner...)))), "no gzip": messageOf(magic, 5, 1, nil, []byte("x")),
			"codec": messageOf(magic, 5, 7, nil, []byte("x")), "above": messageOf(magic, 1, 1, nil, gzipped(inner...)),
		} {
			path := write(t, filepath.Join(dir, strconv.Itoa(int(magic))+name, "00000000000000000000.log"), plain, last)
			compare(t, k, "--files", path, "--print-data-log")
		}
	}
	t.Logf("%d comparisons", k.runs.Load())
}

// stored is a line of msg's golden file: a message that Kafka's own classes
// wrote.
type stored struct {
	name    string
	version int64
	bytes   []byte
}

func storedMessages(t *testing.T) []stored {
	t.Helper()
	f, err := os.Open(filepath.Join(harness.Root(), "internal", "msg", "testdata", "golden.txt.gz"))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = f.Close() }()
	text, err := unzipped(f)
	if err != nil {
		t.Fatal(err)
	}
	var list []stored
	for line := range strings.Lines(string(text)) {
		words := strings.SplitN(line, " ", 5)
		version, err := strconv.ParseInt(words[1], 10, 16)
		b, err2 := hex.DecodeString(words[3])
		if err != nil || err2 != nil {
			t.Fatalf("%v %v in %.100s", err, err2, line)
		}
		list = append(list, stored{words[0], version, b})
	}
	return list
}

// keyTypes reads the numbers of the record types from msg's table.
func keyTypes(t *testing.T) map[string]int64 {
	t.Helper()
	table, err := os.ReadFile(filepath.Join(harness.Root(), "internal", "msg", "gen_schemas.go"))
	if err != nil {
		t.Fatal(err)
	}
	types := map[string]int64{}
	for line := range strings.Lines(string(table)) {
		words := strings.Fields(line)
		if len(words) < 4 || line[0] == ' ' || words[1] != "metadata" && !strings.HasPrefix(words[1], "coordinator") {
			continue
		}
		n, err := strconv.ParseInt(words[2], 10, 16)
		if err != nil {
			t.Fatal(err)
		}
		types[words[0]] = n
	}
	return types
}

// newSince431 says that Kafka 4.4 brought a message or fields of it: the tool
// at hand is of 4.3.1 and does not know them. Their JSON is compared with Kafka
// 4.4's in package msg (TestSchemasShowWhatKafkaShows).
func newSince431(name string) bool {
	return name == "UnregisterControllerRecord" || name == "StreamsGroupMetadataValue"
}

// records makes the records of each topic from the messages: whole ones, cut
// ones, and ones with a byte changed.
func records(t *testing.T, random *rand.Rand) map[string][]entry {
	t.Helper()
	types := keyTypes(t)
	topics := map[string][]entry{}
	keys := map[string][]byte{} // by the name of the message without Key
	spoil := func(b []byte) [][]byte {
		all := [][]byte{b, append(append([]byte{}, b...), 1, 2)}
		for range 6 {
			c := append([]byte{}, b...)
			if len(c) > 0 {
				c[random.IntN(len(c))] ^= 1 << random.IntN(8)
			}
			all = append(all, c, c[:random.IntN(len(c)+1)])
		}
		return all
	}
	messages := storedMessages(t)
	for _, s := range messages {
		if name, ok := strings.CutSuffix(s.name, "Key"); ok && len(s.bytes) >= len(keys[name]) {
			keys[name] = s.bytes
		}
	}
	topicOf := func(name string) string {
		switch {
		case strings.HasPrefix(name, "Transaction"):
			return "--transaction-log-decoder"
		case strings.HasPrefix(name, "ShareSnapshot"), strings.HasPrefix(name, "ShareUpdate"):
			return "--share-group-state-decoder"
		}
		return "--offsets-decoder"
	}
	for _, s := range messages {
		kind, known := types[s.name]
		if !known || newSince431(s.name) {
			continue
		}
		number := binary.BigEndian.AppendUint16(nil, uint16(kind))
		if name, ok := strings.CutSuffix(s.name, "Key"); ok {
			for _, b := range spoil(append(number, s.bytes...)) {
				topics[topicOf(name)] = append(topics[topicOf(name)], entry{key: b})
			}
			continue
		}
		if name, ok := strings.CutSuffix(s.name, "Value"); ok {
			key := append(number, keys[name]...)
			for _, b := range spoil(append(binary.BigEndian.AppendUint16(nil, uint16(s.version)), s.bytes...)) {
				topics[topicOf(name)] = append(topics[topicOf(name)], entry{key: key, value: b})
			}
			continue
		}
		decoder := "--cluster-metadata-decoder"
		if strings.HasPrefix(s.name, "Remote") {
			decoder = "--remote-log-metadata-decoder"
		}
		framed := binary.AppendUvarint([]byte{1}, uint64(kind))
		framed = append(binary.AppendUvarint(framed, uint64(s.version)), s.bytes...)
		for _, b := range spoil(framed) {
			topics[decoder] = append(topics[decoder], entry{value: b})
		}
		topics[decoder] = append(topics[decoder], entry{})
	}
	return topics
}

// TestEveryStoredMessage lets both commands show every message that Kafka
// stores, in every version, sound and spoiled.
func TestEveryStoredMessage(t *testing.T) {
	k := tools(t, "tools")
	dir := t.TempDir()
	total := 0
	for decoder, entries := range records(t, rand.New(rand.NewPCG(1, 2))) {
		var batches [][]byte
		for base := 0; base < len(entries); base += 50 {
			batches = append(batches, batchOf(int64(base), 0, entries[base:min(base+50, len(entries))]...))
		}
		path := write(t, filepath.Join(dir, decoder, "00000000000000000000.log"), batches...)
		compare(t, k, "--files", path, decoder)
		compare(t, k, "--files", path, decoder, "--skip-record-metadata")
		total += len(entries)
	}
	if total < 3000 {
		t.Errorf("only %d records", total)
	}
	t.Logf("%d records", total)
}
