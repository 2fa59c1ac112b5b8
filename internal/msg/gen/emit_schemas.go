package main

import (
	"fmt"
	"strings"
)

// emitSchemas writes the layout of every stored message as one text, which
// package msg reads when it shows a message as JSON: a table takes a tenth of
// the room of code that does the same. A line is a message (name, kind, type
// number, versions, flexible versions) or a field, whose depth is its blanks
// (name, type, versions, nullable versions, tagged versions, tag, flexible
// versions where they differ from the message's, default).
func emitSchemas(messages []*message) (string, error) {
	w := &writer{}
	w.p("package msg\n")
	w.p("// schemas is the layout of the stored messages, see [Schema].")
	w.p("const schemas = `")
	for _, m := range messages {
		switch m.kind {
		case "request", "response", "header":
			continue
		}
		if m.current != m.versions {
			return "", fmt.Errorf("%s: versions %v were dropped, which its schema does not know", m.name, m.versions)
		}
		w.p("%s %s %d %d-%d %s", m.name, m.kind, m.key, m.versions.oldest, m.versions.newest, schemaRange(m.flexible, m.versions))
		if err := w.schemaFields(m, m.structs[0], 1); err != nil {
			return "", err
		}
	}
	w.p("`")
	return w.String(), nil
}

func (w *writer) schemaFields(m *message, s *goStruct, depth int) error {
	const depthMax = 8
	if depth > depthMax {
		return fmt.Errorf("%s: structs more than %d deep", m.name, depthMax)
	}
	for _, f := range s.fields {
		kind := f.kind
		if f.of != nil {
			kind = strings.TrimPrefix(f.of.goName, m.name)
		}
		if f.array {
			kind = "[]" + kind
		}
		flexible := "="
		if f.flexible != m.flexible {
			flexible = schemaRange(f.flexible, m.versions)
		}
		line := fmt.Sprintf("%s%s %s %s %s %s %d %s %s", strings.Repeat(" ", depth), strings.ToLower(f.name[:1])+f.name[1:], kind,
			schemaRange(f.versions, m.versions), schemaRange(f.nullable, m.versions), schemaRange(f.tagged, m.versions), f.tag, flexible, f.def)
		w.p("%s", strings.TrimRight(line, " "))
		if f.of != nil {
			if err := w.schemaFields(m, f.of, depth+1); err != nil {
				return err
			}
		}
	}
	return nil
}

// schemaRange is a range as text: - for none, open where it reaches the
// message's newest version.
func schemaRange(v, of versions) string {
	if v.empty() {
		return "-"
	}
	return openRange(v, of)
}
