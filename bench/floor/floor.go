// Package floor is what physics demands of a broker, and no more: it receives
// what the real clients send, checks the CRC-32C, writes to a file and answers,
// or reads the file and sends. It speaks just enough of Kafka's protocol for
// the clients of the bench, keeps one file a topic and nothing else; it
// validates nothing, promises nothing and forgets all when it ends.
// Kind: tool
package floor

import (
	"fmt"
	"net"
	"os"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"sync"

	"github.com/twmb/franz-go/pkg/kmsg"
)

// server is the floor's whole state.
type server struct {
	dir  string
	host string
	port int32

	mu     sync.Mutex
	topics map[string]*topic
}

// topic is one file, whatever the number of partitions: the bench streams to
// one partition.
type topic struct {
	id         [16]byte
	partitions int32

	mu   sync.Mutex
	file *os.File
	size int64
	next int64 // the next offset
	// bases and places tell where a batch begins: its offset, its position.
	bases, places []int64
}

// Run serves on the port until it fails or the process is ended.
func Run(port int, dir string) error {
	runtime.GOMAXPROCS(connectionsMax)
	debug.SetGCPercent(-1) // a collection would wait for threads that wait in the kernel
	l, err := net.Listen("tcp", fmt.Sprintf("localhost:%d", port))
	if err != nil {
		return err
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	s := &server{dir: dir, host: "localhost", port: int32(port), topics: make(map[string]*topic)}
	for {
		nc, err := l.Accept()
		if err != nil {
			return err
		}
		go s.serve(nc)
	}
}

// connectionsMax is how many connections are served: each holds a processor of
// the runtime while it waits for the kernel.
const connectionsMax = 64

// named is find without a string.
func (s *server) named(name []byte) *topic {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.topics[string(name)]
}

func (s *server) find(name string) *topic {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.topics[name]
}

// create makes a topic. Of many partitions the metadata has to be on disk
// before anybody is told that they exist: a record each, and one sync.
func (s *server) create(name string, partitions int32) (*topic, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if t := s.topics[name]; t != nil {
		return t, nil
	}
	f, err := os.Create(filepath.Join(s.dir, name))
	if err != nil {
		return nil, err
	}
	t := &topic{partitions: max(partitions, 1), file: f}
	copy(t.id[:], name)
	s.topics[name] = t
	if partitions > 1 {
		const recordBytes = 64
		if _, err := f.Write(make([]byte, recordBytes*int(partitions))); err != nil {
			return nil, err
		}
		return t, f.Sync()
	}
	return t, nil
}

func (s *server) remove(name string) {
	s.mu.Lock()
	t := s.topics[name]
	delete(s.topics, name)
	s.mu.Unlock()
	if t != nil {
		_ = os.Remove(t.file.Name())
		_ = t.file.Close()
	}
}

// versions are what the floor serves: names of topics, not ids.
var versions = []struct{ key, min, max int16 }{
	{0, 9, 12}, {1, 4, 12}, {2, 1, 7}, {3, 4, 12}, {8, 2, 8}, {9, 1, 7}, {10, 0, 3}, {11, 0, 5},
	{12, 0, 3}, {13, 0, 3}, {14, 0, 3}, {18, 0, 3}, {19, 2, 6}, {20, 1, 5}, {22, 0, 4},
}

func (s *server) apiVersions() *kmsg.ApiVersionsResponse {
	r := kmsg.NewPtrApiVersionsResponse()
	for _, v := range versions {
		k := kmsg.NewApiVersionsResponseApiKey()
		k.ApiKey, k.MinVersion, k.MaxVersion = v.key, v.min, v.max
		r.ApiKeys = append(r.ApiKeys, k)
	}
	return r
}
