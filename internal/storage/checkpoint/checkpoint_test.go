package checkpoint

import (
	"strings"
	"testing"
)

func TestParse(t *testing.T) {
	for _, c := range []struct{ name, in, want, err string }{
		{"empty", "", "", ""},
		{"version only", "0\n", "", ""},
		{"none", "0\n0\n", "", ""},
		{"two", "0\n2\na 1\nb  2\n", "a/1 b/2", ""},
		{"no newline at the end", "0\n1\na 1", "a/1", ""},
		{"carriage returns", "0\r\n1\r\na 1\r\n", "a/1", ""},
		{"another version", "1\n0\n", "", `line 1: version is "1", want 0`},
		{"no number", "x\n0\n", "", `line 1: version is "x", want 0`},
		{"too few", "0\n2\na 1\n", "", `line 2: the number of entries is "2", but 1 lines follow`},
		{"too many", "0\n0\na 1\n", "", `line 2: the number of entries is "0", but 1 lines follow`},
		{"words", "0\n1\na 1 2\n", "", `line 3: "a 1 2" has 3 words, want 2`},
	} {
		t.Run(c.name, func(t *testing.T) {
			var got []string
			err := Parse([]byte(c.in), 0, 2, func(w [][]byte) error {
				got = append(got, string(w[0])+"/"+string(w[1]))
				return nil
			})
			if c.err != "" {
				if err == nil || err.Error() != c.err {
					t.Fatalf("error %v, want %s", err, c.err)
				}
				return
			}
			if err != nil || strings.Join(got, " ") != c.want {
				t.Fatalf("%v %v, want %s", got, err, c.want)
			}
		})
	}
}

func TestAppendIsWhatParseReads(t *testing.T) {
	data := append(Append(nil, 0, 1), "a 1\n"...)
	if string(data) != "0\n1\na 1\n" {
		t.Fatalf("%q", data)
	}
}
