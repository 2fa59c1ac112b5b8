package config

import (
	"os"
	"slices"
	"strings"
	"testing"
)

func everyTable() map[string][]Key {
	tables := map[string][]Key{"topic": topicKeys, "group": groupKeys, "client metrics": clientMetricsKeys}
	for i, table := range brokerTables {
		tables["broker "+string(rune('a'+i))] = table
	}
	return tables
}

func TestEveryKeyOfTheTableIsSound(t *testing.T) {
	for name, table := range everyTable() {
		if !slices.IsSortedFunc(table, func(a, b Key) int { return strings.Compare(a.Name, b.Name) }) {
			t.Errorf("%s: the table is not sorted by name", name)
		}
		for i := range table {
			k := &table[i]
			if k.Type == Unknown || k.Doc == "" || !strings.HasSuffix(k.Doc, ".") {
				t.Errorf("%s: %s has no type or no sentence", name, k.Name)
			}
			if !k.Null && !k.Required {
				if v := k.defaultValue(); v.text != k.Default && k.Default != "" {
					t.Errorf("%s: the default of %s is %q and shows as %q", name, k.Name, k.Default, v.text)
				}
				if err := k.Validate(k.Default); err != nil {
					t.Errorf("%s: the default of %s is not valid: %v", name, k.Name, err)
				}
			}
		}
	}
}

func TestEveryKeyIsFoundByItsName(t *testing.T) {
	seen := map[string]bool{}
	for _, table := range brokerTables {
		for i := range table {
			if seen[table[i].Name] {
				t.Errorf("%s stands in the table twice", table[i].Name)
			}
			seen[table[i].Name] = true
			if BrokerKey(table[i].Name) != &table[i] {
				t.Errorf("%s is not found", table[i].Name)
			}
		}
	}
	if n := len(seen) - len(gregorBrokerKeys); n != 382 {
		t.Errorf("%d broker keys besides our own, Kafka 4.4.0 has 382", n)
	}
}

func TestOnlyOurOwnKeysHaveOurPrefix(t *testing.T) {
	for _, table := range everyTable() {
		for i := range table {
			if k := &table[i]; k.Own != strings.HasPrefix(k.Name, "gregor.") {
				t.Errorf("%s: own is %v", k.Name, k.Own)
			}
		}
	}
}

// Where one value has several keys, resolve relies on this: a dynamic value
// never has to hide a static one of another unit.
func TestOnlyTheFinestOfSynonymsIsDynamic(t *testing.T) {
	for _, table := range brokerTables {
		for i := range table {
			names := synonyms(table[i].Name)
			for _, n := range names[1:] {
				if BrokerKey(n).Mode != ReadOnly {
					t.Errorf("%s is dynamic, and %s would hide it", n, names[0])
				}
			}
		}
	}
}

func TestEverySynonymIsABrokerKey(t *testing.T) {
	for i := range topicKeys {
		if n := TopicSynonym(topicKeys[i].Name); n != "" && BrokerKey(n) == nil {
			t.Errorf("behind %s stands %s, which does not exist", topicKeys[i].Name, n)
		}
	}
	for i := range groupKeys {
		if n := GroupSynonym(groupKeys[i].Name); n != "" && BrokerKey(n) == nil {
			t.Errorf("behind %s stands %s, which does not exist", groupKeys[i].Name, n)
		}
	}
}

func TestNoKeyIsBothKnownAndRetired(t *testing.T) {
	for _, table := range brokerTables {
		for i := range table {
			if retired(table[i].Name) != "" {
				t.Errorf("%s is in the table and counts as retired", table[i].Name)
			}
		}
	}
}

// How often a login is renewed protects nothing, and admin clients set it.
func TestPaceOfLoginsIsNotRefused(t *testing.T) {
	b, _, err := Load(Quickstart(t.TempDir()))
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"sasl.kerberos.min.time.before.relogin", "sasl.login.refresh.min.period.seconds"} {
		if err := b.ValidateDynamic(map[string]string{name: "58"}, true); err != nil {
			t.Errorf("%s is refused: %v", name, err)
		}
	}
	if err := b.ValidateDynamic(map[string]string{"sasl.enabled.mechanisms": "PLAIN"}, true); err == nil {
		t.Error("sasl.enabled.mechanisms is not refused, and it would not protect")
	}
}

func TestTheConfigurationPageIsGenerated(t *testing.T) {
	page, err := os.ReadFile("../../docs/config.md")
	if err != nil {
		t.Fatal(err)
	}
	if string(page) != Document() {
		t.Error("docs/config.md is not what the table says: run go run ./internal/config/gen")
	}
}
