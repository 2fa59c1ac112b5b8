package java

import (
	"fmt"
	"strings"
)

// Split is String.split for a separator that means nothing in a regular
// expression: what is empty at the end is left out.
func Split(s, sep string) []string { return DropEmptyTail(strings.Split(s, sep)) }

// DropEmptyTail leaves out the empty words at the end, as String.split does;
// a single empty word stays.
func DropEmptyTail(words []string) []string {
	n := len(words)
	for n > 0 && words[n-1] == "" {
		n--
	}
	if n == 0 && len(words) == 1 {
		return words
	}
	return words[:n]
}

// NotANumber is what Integer.parseInt says of a word that is none.
func NotANumber(word string) error {
	return fmt.Errorf("For input string: \"%s\"", word)
}
