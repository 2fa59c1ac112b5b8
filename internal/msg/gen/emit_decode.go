package main

import (
	"slices"
	"sort"
)

// path is the field's name in errors.
func (s *goStruct) fieldPath(f *goField) string {
	if s.path == "" {
		return f.name
	}
	return s.path + "." + f.name
}

// decode writes the reading of a struct: exported for a message, else not.
func (w *writer) decode(s *goStruct, root bool) {
	if root {
		w.p("// Decode reads version %v of the message from r, see [Message].", plainRange(w.msg.versions))
		w.p("func (m *%s) Decode(r *Reader, version int16) error {", s.goName)
		w.p("if version < %d || version > %d {", w.msg.versions.oldest, w.msg.versions.newest)
		w.p("return unsupportedVersion(%q, version, %d, %d)\n}", w.msg.name, w.msg.versions.oldest, w.msg.versions.newest)
		w.p("m.decode(r, version)")
		w.p("return r.finish(%q, version)\n}\n", w.msg.name)
	}
	body := &writer{msg: w.msg}
	for _, f := range s.fields {
		body.decodeField(s, f)
	}
	body.decodeTags(s)
	w.p("func (m *%s) decode(r *Reader, version int16) {", s.goName)
	w.flexLocal(s, body.String())
	w.Write(body.Bytes())
	w.p("}\n")
}

// decodeField reads a field where it is present and not tagged, and gives it
// its default elsewhere.
func (w *writer) decodeField(s *goStruct, f *goField) {
	untagged := f.versions
	if !f.tagged.empty() {
		untagged = f.versions.intersect(versions{0, f.tagged.oldest - 1})
	}
	c := condition(untagged, s.versions)
	switch c {
	case "false":
		w.readDefault(f)
	case "":
		w.readField(s, f, s.versions)
	default:
		w.p("if %s {", c)
		w.readField(s, f, untagged)
		w.p("} else {")
		w.readDefault(f)
		w.p("}")
	}
}

// readDefault gives a field that is absent its default, within the budget.
func (w *writer) readDefault(f *goField) {
	switch value := f.defaultValue(); {
	case f.kind == "string" && value == "new(string)":
		w.p("m.%s = r.emptyString(m.%s)", f.name, f.name)
	case f.kind == "struct" && f.nullableEver() && !f.array && f.def != "null":
		w.p("if m.%s = newStruct[%s](r); m.%s != nil {\nm.%s.SetDefaults()\n}", f.name, f.of.goName, f.name, f.name)
	default:
		w.setDefault(f)
	}
}

// readField reads a field that is there, in versions of context.
func (w *writer) readField(s *goStruct, f *goField, context versions) {
	w.p("r.field = %q", s.fieldPath(f))
	flex, nullable := w.flex(f, s), truth(f.nullable, context)
	switch {
	case f.array && f.kind == "struct":
		w.readStructArray(f, flex, nullable)
	case f.array && f.kind == "uuid":
		w.p("m.%s = r.uuids(m.%s, %s, %s)", f.name, f.name, flex, nullable)
	case f.array:
		w.p("m.%s = r.%ss(m.%s, %s, %s)", f.name, f.kind, f.name, flex, nullable)
	case f.kind == "struct" && !f.nullableEver():
		w.p("m.%s.decode(r, version)", f.name)
	case f.kind == "struct":
		w.readNullableStruct(f, nullable, context)
	case f.kind == "string" && f.nullableEver():
		w.p("m.%s = r.nullableString(m.%s, %s, %s)", f.name, f.name, flex, nullable)
	case f.kind == "string":
		w.p("m.%s = r.string(m.%s, %s)", f.name, f.name, flex)
	case f.kind == "bytes", f.kind == "records":
		w.p("m.%s = r.bytes(%s, %s)", f.name, flex, nullable)
	default:
		w.p("m.%s = r.%s()", f.name, f.kind)
	}
}

func (w *writer) readStructArray(f *goField, flex, nullable string) {
	w.p("if n := r.arrayLength(%s, %s, minimal%s(version)); n < 0 {", flex, nullable, f.of.goName)
	w.p("m.%s = nil", f.name)
	w.p("} else {")
	w.p("m.%s = resize(r, m.%s, n)", f.name, f.name)
	w.p("for i := range m.%s {", f.name)
	w.p("if m.%s[i].decode(r, version); r.bad {\nbreak\n}", f.name)
	w.p("}\n}")
}

// readNullableStruct reads a struct behind its presence byte; a tagged one
// has a varint in that place.
func (w *writer) readNullableStruct(f *goField, nullable string, context versions) {
	read := func() {
		w.p("if m.%s = newStruct[%s](r); m.%s != nil {\nm.%s.decode(r, version)\n}", f.name, f.of.goName, f.name, f.name)
	}
	presence := "r.int8() < 0"
	if f.tagged.intersect(context) == context {
		presence = "r.uvarint() <= 0"
	}
	switch nullable {
	case "false":
		read()
		return
	case "true":
		w.p("if %s {", presence)
	default:
		w.p("if %s && %s {", nullable, presence)
	}
	w.p("m.%s = nil\n} else {", f.name)
	read()
	w.p("}")
}

// taggedFields in the order of their tags.
func (s *goStruct) taggedFields() []*goField {
	var out []*goField
	for _, f := range s.fields {
		if !f.tagged.empty() {
			out = append(out, f)
		}
	}
	sort.Slice(out, func(i, j int) bool { return out[i].tag < out[j].tag })
	return out
}

func (w *writer) decodeTags(s *goStruct) {
	c := condition(w.msg.flexible, s.versions)
	if c == "false" {
		return
	}
	if c != "" {
		w.p("if flex {")
		defer w.p("}")
	}
	w.p("r.field = %q", tagsPath(s))
	tagged := s.taggedFields()
	if len(tagged) == 0 {
		w.p("r.skipTags()")
		return
	}
	context := s.versions.intersect(w.msg.flexible)
	w.p("for n := r.tagCount(); n > 0 && !r.bad; n-- {")
	w.p("switch r.tag() {")
	for _, f := range tagged {
		w.p("case %d:", f.tag)
		if c := condition(f.tagged, context); c != "" {
			w.p("if !(%s) {\nr.wrongTag()\nbreak\n}", c)
		}
		w.readField(s, f, f.tagged)
	}
	w.p("default:\nr.skipTag()\n}\n}")
}

func tagsPath(s *goStruct) string {
	if s.path == "" {
		return "tagged fields"
	}
	return s.path + " tagged fields"
}

// minimalSize is the least number of bytes that a struct takes in a version.
func (w *writer) minimalSize(s *goStruct, version int) int {
	n := 0
	flexible := w.msg.flexible.contains(version)
	for _, f := range s.fields {
		if !f.versions.contains(version) || f.tagged.contains(version) {
			continue
		}
		flexible := flexible && f.flexible.contains(version)
		switch fixed := fixedSize(f.kind); {
		case !f.array && fixed > 0:
			n += fixed
		case !f.array && f.kind == "struct" && f.nullable.contains(version):
			n++
		case !f.array && f.kind == "struct":
			n += w.minimalSize(f.of, version)
		case flexible:
			n++
		case !f.array && f.kind == "string":
			n += 2
		default:
			n += 4
		}
	}
	if flexible {
		n++
	}
	return n
}

// minimal writes the function for minimalSize.
func (w *writer) minimal(s *goStruct) {
	type step struct{ from, size int }
	var steps []step
	for v := s.versions.oldest; v <= s.versions.newest; v++ {
		size := max(1, w.minimalSize(s, v))
		if len(steps) == 0 || steps[len(steps)-1].size != size {
			steps = append(steps, step{v, size})
		}
	}
	slices.Reverse(steps)
	if len(steps) == 1 {
		w.p("func minimal%s(int16) int { return %d }\n", s.goName, steps[0].size)
		return
	}
	w.p("func minimal%s(version int16) int {\nswitch {", s.goName)
	for _, st := range steps[:len(steps)-1] {
		w.p("case version >= %d:\nreturn %d", st.from, st.size)
	}
	w.p("}\nreturn %d\n}\n", steps[len(steps)-1].size)
}
