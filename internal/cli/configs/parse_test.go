package configs

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

func TestBracketsHoldAValueTogether(t *testing.T) {
	tests := map[string]string{
		"a=1":                      "a=1",
		"a=1,b=2":                  "a=1 b=2",
		" a = 1 , b=2 ":            "a=1 b=2",
		"a=[1,2],b=3":              "a=1,2 b=3",
		"a=[x=1,y=2]":              "a=x=1,y=2",
		"a=,b=":                    "a= b=",
		"a=1,,":                    "a=1",
		"a=1,a=2":                  "a=2",
		"log$er.Name_x=[a],b=[]":   "b= log$er.Name_x=a",
		"a":                        "error Invalid entity config",
		"a=b=c":                    "error Invalid entity config",
		"a=1,b":                    "error Invalid entity config",
		"a b=1":                    "error Invalid character found for config key: a b",
		"SCRAM-SHA-256=[p=1,q=2]":  "SCRAM-SHA-256=p=1,q=2",
		"a=[1,2],b=[3,4],c=5,d=[]": "a=1,2 b=3,4 c=5 d=",
	}
	for text, want := range tests {
		list, err := parseSettings(text)
		var words []string
		for _, s := range list {
			words = append(words, s.key+"="+s.value)
		}
		slices.Sort(words)
		got := strings.Join(words, " ")
		if err != nil {
			got = "error " + err.Error()
		}
		if !strings.HasPrefix(got, want) || err == nil && got != want {
			t.Errorf("%q: %s, want %s", text, got, want)
		}
	}
}

func TestPasswordsAreRead(t *testing.T) {
	tests := map[string]string{
		"password=secret":                   "SCRAM-SHA-256 4096 secret",
		"iterations=8192,password=a,b=c":    "SCRAM-SHA-256 8192 a,b=c",
		"iterations=-1,password=x":          "SCRAM-SHA-256 4096 x",
		"iterations=16,password=x":          "error Iterations 16 is less than the minimum 4096 required for SCRAM-SHA-256",
		"iterations=,password=x":            `error For input string: ""`,
		"iterations=99999999999,password=x": `error For input string: "99999999999"`,
		"iterations=100000000,password=x":   "error SCRAM-SHA-256: 100000000 iterations are more than any broker takes; 4096 to 16384 are",
		"password=":                         "error Password must not be empty",
		"secret":                            "error Invalid credential property SCRAM-SHA-256: want [password=secret] or [iterations=8192,password=secret]",
	}
	for text, want := range tests {
		p, err := parsePassword(setting{"SCRAM-SHA-256", text})
		got := fmt.Sprintf("%v %d %s", p.Mechanism, p.Iterations, p.Password)
		if err != nil {
			got = "error " + err.Error()
		}
		if got != want {
			t.Errorf("%q: %s, want %s", text, got, want)
		}
	}
}

func TestTheErrorAboutAPasswordDoesNotShowIt(t *testing.T) {
	for _, text := range []string{"pass=hunter2", "iterations=16,password=hunter2"} {
		if _, err := parsePassword(setting{"SCRAM-SHA-512", text}); err == nil || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%q: %v", text, err)
		}
	}
}

func TestKeysGoWithTheirEntity(t *testing.T) {
	tests := []struct {
		types []string
		names []string
		add   string
		want  string
	}{
		{[]string{ips}, []string{"::1"}, "connection_creation_rate=1", ""},
		{[]string{ips}, []string{"::1"}, "producer_byte_rate=1", "Only connection quota configs can be added for 'ips'"},
		{[]string{users}, []string{"u"}, "producer_byte_rate=1", ""},
		{[]string{users}, []string{"u"}, "retention.ms=1", "Only quota and SCRAM credential configs can be added for 'users'"},
		{[]string{users}, []string{"u"}, "SCRAM-SHA-256=[password=x],producer_byte_rate=1", "Cannot alter both"},
		{[]string{users}, []string{""}, "SCRAM-SHA-256=[password=x]", "The use of --entity-default"},
		{[]string{clients}, []string{"c"}, "SCRAM-SHA-256=[password=x]", "Only quota configs can be added for 'clients'"},
		{[]string{users, clients}, []string{"u", "c"}, "SCRAM-SHA-256=[password=x]", "Only quota configs can be added for 'clients'"},
		{[]string{topics}, []string{"t"}, "whatever=1", ""},
	}
	for _, test := range tests {
		list, err := parseSettings(test.add)
		if err != nil {
			t.Fatal(err)
		}
		got := ""
		c := change{add: list}
		if err := c.checkFor(entity{test.types, test.names}); err != nil {
			got = err.Error()
		}
		if test.want == "" && got != "" || !strings.HasPrefix(got, test.want) {
			t.Errorf("%v %s: %q, want %q", test.types, test.add, got, test.want)
		}
	}
}
