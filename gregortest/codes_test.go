package gregortest

import (
	"os"
	"regexp"
	"slices"
	"testing"
)

// TestCodesAreKafkas compares the list with the broker's own, name by name.
func TestCodesAreKafkas(t *testing.T) {
	read := func(file, kind string) (list []string) {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range regexp.MustCompile(`(?m)^\t(Err\w+) +`+kind+` += (-?\d+)$`).FindAllStringSubmatch(string(text), -1) {
			list = append(list, m[1]+" "+m[2])
		}
		return list
	}
	want := slices.DeleteFunc(read("../internal/kafka/errors_table.go", "Error"), func(s string) bool { return s == "ErrNone 0" })
	if got := read("codes.go", "Code"); len(want) < 100 || !slices.Equal(got, want) {
		t.Errorf("codes.go has %d codes, the broker %d:\n%q\n%q", len(got), len(want), got, want)
	}
}

// TestKeysAreNamedAsKafkaNamesThem looks at what the list of keys says.
func TestKeysAreNamedAsKafkaNamesThem(t *testing.T) {
	text, err := os.ReadFile("answers.go")
	if err != nil {
		t.Fatal(err)
	}
	named := regexp.MustCompile(`(?m)^\t(\w+) +API = (\d+)`).FindAllStringSubmatch(string(text), -1)
	if len(named) != len(answers()) {
		t.Errorf("%d keys are named, %d are answered", len(named), len(answers()))
	}
	for api := range answers() {
		if !slices.ContainsFunc(named, func(m []string) bool { return m[1] == api.String() }) {
			t.Errorf("%s has another name", api)
		}
	}
}
