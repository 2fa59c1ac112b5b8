package stream

import "testing"

func TestBytesAreShownAsWhatTheyMostLikelyAre(t *testing.T) {
	tests := []struct {
		in   []byte
		want string
	}{
		{nil, "null"},
		{[]byte{}, `""`},
		{[]byte("hello wörld"), "hello wörld"},
		{[]byte("two\nlines\x1b[2J"), "0x74776f0a6c696e65731b5b324a «lines»"},
		{[]byte("two\nlines"), `two\nlines`},
		{[]byte("{ \"a\" :\n 1 }"), `{"a":1}`},
		{[]byte("{not json"), "{not json"},
		{[]byte{0, 0, 0, 42}, "42"},
		{[]byte{0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xfe}, "-2"},
		{[]byte{0, 0, 0, 0, 7, 'h', 'e', 'l', 'l', 'o'}, "schema 7: hello"},
		{[]byte{0, 0, 0, 0, 7, 2, 8, 'n', 'a', 'm', 'e'}, "schema 7: 0x02086e616d65 «name»"},
		{[]byte{0xde, 0xfd}, "0xdefd"},
	}
	for _, c := range tests {
		if got := readable(c.in, "auto", 0); got != c.want {
			t.Errorf("%q: %s, want %s", c.in, got, c.want)
		}
	}
	forced := map[string]string{"hex": "3132", "base64": "MTI=", "text": "12", "int": "12594", "float": "0x3132 (no float of 2 bytes)"}
	for form, want := range forced {
		if got := readable([]byte("12"), form, 0); got != want {
			t.Errorf("%s: %s, want %s", form, got, want)
		}
	}
	if got := readable([]byte("ääääää"), "auto", 5); got != "ää... (12 bytes)" {
		t.Errorf("a cut text: %s", got)
	}
}
