package history

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strconv"
)

// lineMax bounds one line of a history, in bytes.
const lineMax = 64 << 20

// MarshalJSON writes [key, offset, value].
func (r Record) MarshalJSON() ([]byte, error) {
	b := append(make([]byte, 0, 32), '[')
	b = strconv.AppendInt(b, int64(r.Key), 10)
	b = strconv.AppendInt(append(b, ','), r.Offset, 10)
	b = strconv.AppendInt(append(b, ','), r.Value, 10)
	return append(b, ']'), nil
}

// UnmarshalJSON reads [key, offset, value].
func (r *Record) UnmarshalJSON(b []byte) error {
	var n [3]int64
	inner, open := bytes.CutPrefix(b, []byte("["))
	inner, closed := bytes.CutSuffix(inner, []byte("]"))
	parts := bytes.Split(inner, []byte(","))
	if !open || !closed || len(parts) != len(n) {
		return fmt.Errorf("%s is not [key, offset, value]", b)
	}
	for i, part := range parts {
		v, err := strconv.ParseInt(string(bytes.TrimSpace(part)), 10, 64)
		if err != nil {
			return fmt.Errorf("%s is not [key, offset, value]: %w", b, err)
		}
		n[i] = v
	}
	*r = Record{Key: int(n[0]), Offset: n[1], Value: n[2]}
	return nil
}

// Write writes a history as lines of JSON.
func Write(w io.Writer, ops []Op) error {
	out := bufio.NewWriterSize(w, 1<<20)
	enc := json.NewEncoder(out)
	for i := range ops {
		if err := enc.Encode(&ops[i]); err != nil {
			return err
		}
	}
	return out.Flush()
}

// Read reads the lines of one history. A last line that breaks off, as a
// killed client leaves it, is ignored if torn is set.
func Read(r io.Reader, torn bool) ([]Op, error) {
	in := bufio.NewScanner(r)
	in.Buffer(make([]byte, 1<<20), lineMax)
	var ops []Op
	var bad error
	for line := 1; in.Scan(); line++ {
		if bad != nil {
			return nil, bad
		}
		if len(bytes.TrimSpace(in.Bytes())) == 0 {
			continue
		}
		var op Op
		if err := decode(in.Bytes(), &op); err != nil {
			bad = fmt.Errorf("line %d: %w", line, err)
			continue
		}
		ops = append(ops, op)
	}
	if bad != nil && !torn {
		return nil, bad
	}
	return ops, in.Err()
}

func decode(line []byte, op *Op) error {
	if err := json.Unmarshal(line, op); err != nil {
		return err
	}
	switch op.Type {
	case Invoke, OK, Info, Fail:
	default:
		return fmt.Errorf("type %q is none of invoke, ok, info, fail", op.Type)
	}
	switch op.F {
	case Send, Poll, Txn, Assign, Subscribe, Crash, Watermark:
	default:
		return fmt.Errorf("f %q is none of send, poll, txn, assign, subscribe, crash, watermark", op.F)
	}
	return nil
}

// ReadFiles reads what several clients wrote, each its own file, and orders it
// by time; lines of one time keep the order of the files. A torn last line is
// ignored where there are several files: clients are killed, too.
func ReadFiles(paths ...string) ([]Op, error) {
	var all []Op
	for _, path := range paths {
		f, err := os.Open(path)
		if err != nil {
			return nil, err
		}
		ops, err := Read(f, len(paths) > 1)
		if err = errors.Join(err, f.Close()); err != nil {
			return nil, fmt.Errorf("%s: %w", path, err)
		}
		all = append(all, ops...)
	}
	if len(paths) > 1 {
		Sort(all)
	}
	return all, nil
}

// Sort orders lines by time; those of one time keep their order.
func Sort(ops []Op) {
	slices.SortStableFunc(ops, func(a, b Op) int {
		switch {
		case a.Time < b.Time:
			return -1
		case a.Time > b.Time:
			return 1
		default:
			return 0
		}
	})
}

// WriteFile keeps a history for a later check.
func WriteFile(path string, ops []Op) error {
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	return errors.Join(Write(f, ops), f.Close())
}
