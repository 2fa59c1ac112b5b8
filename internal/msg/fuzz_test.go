package msg

import (
	"bytes"
	"testing"
)

// FuzzDecode decodes any bytes as any message: within the budget of time and
// memory, and what is accepted encodes to bytes that decode to the same.
func FuzzDecode(f *testing.F) {
	messages := all()
	index := map[string]int{}
	for i, m := range messages {
		index[m.MessageName()] = i
	}
	for _, e := range examples(f) {
		_, newest := messages[index[e.name]].VersionRange()
		if e.round == 1 && e.version == newest {
			f.Add(uint16(index[e.name]), e.version, e.bytes)
		}
	}
	f.Fuzz(func(t *testing.T, which uint16, version int16, b []byte) {
		m := messages[int(which)%len(messages)]
		got, err := decodeWithinBudget(t, m, b, version)
		if err != nil {
			if err.Error() == "" {
				t.Error("an error without text")
			}
			return
		}
		once := got.AppendTo(nil, version)
		if err := Unmarshal(got, once, version); err != nil {
			t.Fatalf("%s v%d: cannot decode what was encoded: %v", m.MessageName(), version, err)
		}
		if twice := got.AppendTo(nil, version); !bytes.Equal(once, twice) {
			t.Fatalf("%s v%d: encoded\n%x and then\n%x", m.MessageName(), version, once, twice)
		}
	})
}
