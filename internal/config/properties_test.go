package config

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// What java.util.Properties.load makes of each text was tried with JDK 17.
func TestPropertiesAreReadAsJavaReadsThem(t *testing.T) {
	tests := []struct {
		text string
		want []Property
	}{
		{"a=1\nb = 2\n  c:3\nd 4\ne\t=\t5", []Property{{"a", "1", "f", 1}, {"b", "2", "f", 2}, {"c", "3", "f", 3}, {"d", "4", "f", 4}, {"e", "5", "f", 5}}},
		{"# a comment\n! another\n\n   # one more\\\nx=1", []Property{{"x", "1", "f", 5}}},
		{"list=a,\\\n   b,\\\n\tc\nnext=1", []Property{{"list", "a,b,c", "f", 1}, {"next", "1", "f", 4}}},
		{"even=a\\\\\nnext=1", []Property{{"even", "a\\", "f", 1}, {"next", "1", "f", 2}}},
		{"k\\ e\\:y\\==v\\ a", []Property{{"k e:y=", "v a", "f", 1}}},
		{"esc=\\t\\n\\r\\f\\q\\u00e9\\uD83D\\uDE00", []Property{{"esc", "\t\n\r\fqé😀", "f", 1}}},
		{"crlf=1\r\nnext=2\rlast=3", []Property{{"crlf", "1", "f", 1}, {"next", "2", "f", 2}, {"last", "3", "f", 3}}},
		{"trailing=v  ", []Property{{"trailing", "v  ", "f", 1}}},
		{"novalue\nempty=\n=nokey", []Property{{"novalue", "", "f", 1}, {"empty", "", "f", 2}, {"", "nokey", "f", 3}}},
		{"two==x", []Property{{"two", "=x", "f", 1}}},
		{"end=a\\", []Property{{"end", "a", "f", 1}}},
		{"blank=a\\\n\nb=c", []Property{{"blank", "a", "f", 1}, {"b", "c", "f", 3}}},
		{"latin=\xe9", []Property{{"latin", "é", "f", 1}}},
		{"hash=a#b", []Property{{"hash", "a#b", "f", 1}}},
		{"cont=a\\\n# not a comment", []Property{{"cont", "a# not a comment", "f", 1}}},
	}
	for _, test := range tests {
		got, err := ParseProperties("f", []byte(test.text))
		if err != nil {
			t.Errorf("%q: %v", test.text, err)
		}
		if diff := cmp.Diff(test.want, got); diff != "" {
			t.Errorf("%q: -Java +Gregor\n%s", test.text, diff)
		}
	}
}

func TestPropertiesNameTheLineOfAMalformedEscape(t *testing.T) {
	_, err := ParseProperties("server.properties", []byte("a=1\nb=\\u12G4\n"))
	if err == nil || err.Error() != `server.properties:2: malformed \uXXXX escape in "\\u12G4"` {
		t.Errorf("error %v", err)
	}
}

func TestOverridesNeedAKey(t *testing.T) {
	p, err := ParseOverride("listeners=PLAINTEXT://:1=2")
	if err != nil || p != (Property{Key: "listeners", Value: "PLAINTEXT://:1=2", File: "--override"}) {
		t.Errorf("%+v, %v", p, err)
	}
	for _, bad := range []string{"", "x", "=1"} {
		if _, err := ParseOverride(bad); err == nil {
			t.Errorf("%q was taken", bad)
		}
	}
}

func FuzzProperties(f *testing.F) {
	for _, s := range []string{"a=b", "a\\\nb=c", "\\u0041=\\uD800\\u0041", "#x\n!y\n\\", "\r\n=\f:"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		properties, err := ParseProperties("f", []byte(text))
		if err != nil {
			return
		}
		last := 0
		size := 0
		for _, p := range properties {
			if p.Line <= last {
				t.Fatalf("line %d follows line %d", p.Line, last)
			}
			last = p.Line
			size += len(p.Key) + len(p.Value)
		}
		if size > 2*len(text) { // a byte that is not UTF-8 becomes two
			t.Fatalf("%d bytes were read from %d", size, len(text))
		}
		if lines := strings.Count(text, "\n") + strings.Count(text, "\r") + 1; last > lines {
			t.Fatalf("line %d of %d", last, lines)
		}
		if _, _, err := Load(properties); err != nil && err.Error() == "" {
			t.Fatal("an error without words")
		}
	})
}
