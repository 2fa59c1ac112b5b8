package perf

import (
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"

	"github.com/gregor-stream/gregor/internal/cli/command"
	"github.com/gregor-stream/gregor/internal/cli/java"
)

// payloadFileMost bounds what is read of a payload file: all of it is kept in
// memory.
const payloadFileMost = 256 << 20

// readPayloads reads the values of a payload file, parted at delimiter, which
// is a pattern. It prints what Kafka prints about it.
func readPayloads(env *command.Env, file, delimiter string, quiet bool) ([][]byte, error) {
	say := env.Printf
	if quiet {
		say = func(string, ...any) {}
	}
	path, err := filepath.Abs(file)
	if err != nil {
		return nil, command.Fail(err)
	}
	say("Reading payloads from: %s\n", path)
	info, err := os.Stat(file)
	switch {
	case err != nil:
		return nil, command.Failf("--payload-file: %w", err)
	case info.IsDir():
		return nil, command.Failf("--payload-file: %s is a folder; want a text file with a payload a line", file)
	case info.Size() == 0:
		return nil, command.Failf("--payload-file: %s is empty; want at least one payload in it", file)
	case info.Size() > payloadFileMost:
		return nil, command.Failf("--payload-file: %s has %d bytes; at most %d are read, since all payloads are kept in memory", file, info.Size(), payloadFileMost)
	}
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, command.Failf("--payload-file: %w", err)
	}
	list, err := split(string(text), delimiter)
	if err != nil {
		return nil, err
	}
	say("Number of records read: %d\n", len(list))
	if len(list) == 0 {
		return nil, command.Failf("--payload-file: there are only delimiters in %s; want at least one payload in it", file)
	}
	return list, nil
}

// split parts text as java.util.Scanner does: a delimiter in front is passed
// over, and behind the last payload there may be one.
func split(text, delimiter string) ([][]byte, error) {
	pattern, err := regexp.Compile(delimiter)
	if err != nil {
		return nil, command.Failf("--payload-delimiter %s: %w (patterns are of Go's kind: no look-around, no back references)", delimiter, err)
	}
	text = strings.ToValidUTF8(text, "\uFFFD")
	var list [][]byte
	begin := 0
	for _, m := range pattern.FindAllStringIndex(text, -1) {
		if m[0] == m[1] && m[0] == begin || m[0] == 0 && m[1] > 0 {
			begin = m[1]
			continue
		}
		list = append(list, []byte(text[begin:m[0]]))
		begin = m[1]
	}
	if begin < len(text) {
		list = append(list, []byte(text[begin:]))
	}
	return list, nil
}

// payloads makes the keys and values of a load. The same seed makes the same
// ones, in Kafka's command as well.
type payloads struct {
	random *java.SplittableRandom
	size   int      // of random values; 0 where they are not random
	list   [][]byte // to choose from
	keys   string   // none, range, random
	keyMax int32
}

// value is the value of record i; buf, of the size, may be filled with it.
func (p *payloads) value(i int64, buf []byte) []byte {
	switch {
	case len(p.list) > 0:
		return p.list[p.random.Intn(int32(len(p.list)))]
	case p.size > 0:
		p.random.Letters(buf)
		return buf
	default:
		return strconv.AppendInt(nil, i, 10)
	}
}

// The ways to choose keys.
const (
	keysNone   = "none"
	keysRange  = "range"  // 0, 1, 2 ... and again from 0
	keysRandom = "random" // any of them
)

// key is the key of record i; nil is none.
func (p *payloads) key(i int64) []byte {
	switch p.keys {
	case keysRange:
		return strconv.AppendInt(nil, i%int64(p.keyMax), 10)
	case keysRandom:
		return strconv.AppendInt(nil, int64(p.random.Intn(p.keyMax)), 10)
	}
	return nil
}

// largest is the size of the largest record, in bytes.
func (p *payloads) largest() int {
	most := max(p.size, len("9223372036854775807"))
	for _, v := range p.list {
		most = max(most, len(v))
	}
	return most + len("2147483647")
}
