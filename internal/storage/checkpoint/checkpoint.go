// Package checkpoint is the text format of Kafka's checkpoint files: a version,
// a count of entries, and one line for each. It opens no file.
// Kind: pure
//
//	0                    version
//	2                    entries that follow
//	orders 0 1543        an entry: words, separated by blanks
//	orders 1 1602
package checkpoint

import (
	"bytes"
	"fmt"
	"strconv"
)

// Append appends a file's first two lines to dst; a line for each entry, with
// a newline at its end, follows.
func Append(dst []byte, version, entries int) []byte {
	dst = strconv.AppendInt(dst, int64(version), 10)
	dst = append(dst, '\n')
	dst = strconv.AppendInt(dst, int64(entries), 10)
	return append(dst, '\n')
}

// Parse reads a file's content and calls entry with the words of each line,
// which must be so many. An empty content has no entries, as in Kafka: the file
// is made before it is first written. Errors name the line.
func Parse(data []byte, version, words int, entry func(words [][]byte) error) error {
	lines := bytes.Split(bytes.TrimSuffix(data, []byte("\n")), []byte("\n"))
	if len(data) == 0 {
		return nil
	}
	if got, err := number(lines[0]); err != nil || got != version {
		return fmt.Errorf("line 1: version is %q, want %d", lines[0], version)
	}
	if len(lines) == 1 {
		return nil
	}
	want, err := number(lines[1])
	if err != nil || want != len(lines)-2 {
		return fmt.Errorf("line 2: the number of entries is %q, but %d lines follow", lines[1], len(lines)-2)
	}
	for i, line := range lines[2:] {
		fields := bytes.Fields(line)
		if len(fields) != words {
			return fmt.Errorf("line %d: %q has %d words, want %d", i+3, line, len(fields), words)
		}
		if err := entry(fields); err != nil {
			return fmt.Errorf("line %d: %q: %w", i+3, line, err)
		}
	}
	return nil
}

func number(line []byte) (int, error) {
	return strconv.Atoi(string(bytes.TrimSuffix(line, []byte("\r"))))
}
