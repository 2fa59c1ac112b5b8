package java

import (
	"fmt"
	"slices"
	"testing"
)

// TestOrderIsJavas compares with what java.util.HashMap of JDK 17 gave.
func TestOrderIsJavas(t *testing.T) {
	got := Order([]string{"version", "cluster.id", "node.id", "directory.id"}, Hash)
	if want := []string{"node.id", "directory.id", "version", "cluster.id"}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
	var many, want []string // more than fit in the first table
	for i := range 14 {
		many = append(many, fmt.Sprintf("/data/topic-%d/00000000000000000000.log", i))
	}
	for _, i := range []int{5, 9, 0, 4, 8, 12, 7, 13, 1, 3, 11, 10, 6, 2} {
		want = append(want, many[i])
	}
	if got := Order(many, Hash); !slices.Equal(got, want) {
		t.Errorf("got %q\nwant %q", got, want)
	}
	for _, tt := range [][2][]int32{{{1, 2, 3, 16, 3000}, {16, 3000, 1, 2, 3}}, {{5, 2, 9}, {9, 2, 5}}, {{7}, {7}}, {nil, nil}} {
		if got := CopyOrder(tt[0], HashInt); !slices.Equal(got, tt[1]) {
			t.Errorf("%v: got %v, want %v", tt[0], got, tt[1])
		}
	}
}
