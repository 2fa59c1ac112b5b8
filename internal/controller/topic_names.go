package controller

import (
	"strings"

	"github.com/gregor-stream/gregor/internal/metadata"
)

// utf16Length is the length as Java counts it.
func utf16Length(s string) int {
	n := 0
	for _, r := range s {
		n++
		if r > 0xffff {
			n++
		}
	}
	return n
}

// collision finds a topic whose name differs from name only by having '.' for
// '_' or the other way round: metrics could not tell them apart.
func collision(topics *metadata.Topics, name string) (string, bool) {
	first := strings.IndexAny(name, "._")
	if first < 0 {
		return "", false
	}
	unified := strings.ReplaceAll(name, ".", "_")
	// All candidates begin with name[:first] and then '.' or '_'.
	for _, next := range []string{".", "_"} {
		prefix := name[:first] + next
		for t := range topics.From(prefix) {
			if !strings.HasPrefix(t.Name, prefix) {
				break
			}
			if strings.ReplaceAll(t.Name, ".", "_") == unified {
				return t.Name, true
			}
		}
	}
	return "", false
}
