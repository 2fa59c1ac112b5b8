package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"strconv"
	"strings"
)

// definition is one of Kafka's JSON files.
type definition struct {
	APIKey           *int16       `json:"apiKey"`
	Type             string       `json:"type"`
	Name             string       `json:"name"`
	Listeners        []string     `json:"listeners"`
	ValidVersions    versions     `json:"validVersions"`
	FlexibleVersions versions     `json:"flexibleVersions"`
	Fields           []*field     `json:"fields"`
	CommonStructs    []*structure `json:"commonStructs"`
	LatestUnstable   bool         `json:"latestVersionUnstable"`
}

type structure struct {
	Name     string   `json:"name"`
	Versions versions `json:"versions"`
	Fields   []*field `json:"fields"`
}

type field struct {
	Name     string    `json:"name"`
	Type     string    `json:"type"`
	Versions *versions `json:"versions"`
	Nullable versions  `json:"nullableVersions"`
	Tagged   versions  `json:"taggedVersions"`
	Flexible *versions `json:"flexibleVersions"` // overrides the message's
	Tag      looseInt  `json:"tag"`
	Default  loose     `json:"default"`
	Fields   []*field  `json:"fields"`
}

// versions is a range of versions; empty when oldest > newest.
type versions struct{ oldest, newest int }

const anyNewer = math.MaxInt16

func none() versions { return versions{0, -1} }

func (v versions) empty() bool { return v.oldest > v.newest }

func (v versions) contains(n int) bool { return v.oldest <= n && n <= v.newest }

func (v versions) intersect(w versions) versions {
	r := versions{max(v.oldest, w.oldest), min(v.newest, w.newest)}
	if r.empty() {
		return none()
	}
	return r
}

// union joins two ranges that touch or overlap.
func (v versions) union(w versions) (versions, error) {
	switch {
	case v.empty():
		return w, nil
	case w.empty():
		return v, nil
	case v.newest+1 < w.oldest || w.newest+1 < v.oldest:
		return none(), fmt.Errorf("versions %v and %v have a gap", v, w)
	}
	return versions{min(v.oldest, w.oldest), max(v.newest, w.newest)}, nil
}

func (v versions) String() string {
	switch {
	case v.empty():
		return "none"
	case v.newest == anyNewer:
		return strconv.Itoa(v.oldest) + "+"
	case v.oldest == v.newest:
		return strconv.Itoa(v.oldest)
	}
	return fmt.Sprintf("%d-%d", v.oldest, v.newest)
}

// UnmarshalJSON reads Kafka's notation: none, 3, 3+, 3-5.
func (v *versions) UnmarshalJSON(text []byte) error {
	var s string
	if err := json.Unmarshal(text, &s); err != nil {
		return err
	}
	if s == "none" || s == "" {
		*v = none()
		return nil
	}
	low, high, isRange := strings.Cut(s, "-")
	open := strings.HasSuffix(low, "+")
	oldest, err := strconv.Atoi(strings.TrimSuffix(low, "+"))
	if err != nil {
		return fmt.Errorf("versions %q: %w", s, err)
	}
	*v = versions{oldest, oldest}
	if open {
		v.newest = anyNewer
	}
	if isRange {
		v.newest, err = strconv.Atoi(high)
	}
	return err
}

// loose is a JSON string, number or boolean as text.
type loose string

func (l *loose) UnmarshalJSON(text []byte) error {
	switch {
	case string(text) == "null":
		return nil // for Kafka's generator that is no default, unlike "null"
	case text[0] != '"':
		*l = loose(text)
		return nil
	}
	var s string
	err := json.Unmarshal(text, &s)
	*l = loose(s)
	return err
}

// looseInt is a number that some definitions write as a string.
type looseInt struct {
	set   bool
	value int
}

func (l *looseInt) UnmarshalJSON(text []byte) error {
	n, err := strconv.Atoi(strings.Trim(string(text), `"`))
	*l = looseInt{true, n}
	return err
}

// parseDefinition reads a definition; unlike JSON it may hold // comments.
func parseDefinition(text []byte) (*definition, error) {
	def := &definition{FlexibleVersions: none()}
	if err := json.Unmarshal(stripComments(text), def); err != nil {
		return nil, err
	}
	var fix func(fields []*field) error
	fix = func(fields []*field) error {
		for _, f := range fields {
			if f.Versions == nil {
				f.Versions = &f.Tagged
			}
			f.Name = strings.ToUpper(f.Name[:1]) + f.Name[1:]
			if err := fix(f.Fields); err != nil {
				return err
			}
		}
		return nil
	}
	for _, s := range def.CommonStructs {
		if err := fix(s.Fields); err != nil {
			return nil, err
		}
	}
	return def, fix(def.Fields)
}

// UnmarshalJSON gives absent ranges their meaning: none.
func (f *field) UnmarshalJSON(text []byte) error {
	type plain field
	p := plain{Nullable: none(), Tagged: none()}
	if err := json.Unmarshal(text, &p); err != nil {
		return err
	}
	*f = field(p)
	return nil
}

func stripComments(text []byte) []byte {
	var out bytes.Buffer
	inString := false
	for i := 0; i < len(text); i++ {
		c := text[i]
		switch {
		case inString && c == '\\':
			out.WriteByte(c)
			i++
			c = text[i]
		case c == '"':
			inString = !inString
		case !inString && c == '/' && i+1 < len(text) && text[i+1] == '/':
			for i < len(text) && text[i] != '\n' {
				i++
			}
			c = '\n'
		}
		out.WriteByte(c)
	}
	return out.Bytes()
}
