package main

import (
	"fmt"
	"strings"
)

// append writes the encoding of a struct.
func (w *writer) append(s *goStruct) {
	body := &writer{msg: w.msg}
	for _, f := range s.fields {
		untagged := f.versions
		if !f.tagged.empty() {
			untagged = f.versions.intersect(versions{0, f.tagged.oldest - 1})
		}
		switch c := condition(untagged, s.versions); c {
		case "false":
		case "":
			body.writeField(s, f, s.versions)
		default:
			body.p("if %s {", c)
			body.writeField(s, f, untagged)
			body.p("}")
		}
	}
	body.appendTags(s)
	w.p("// AppendTo appends the given version of m to dst.")
	w.p("func (m *%s) AppendTo(dst []byte, version int16) []byte {", s.goName)
	w.flexLocal(s, body.String())
	w.Write(body.Bytes())
	w.p("return dst\n}\n")
}

// title is a kind as part of a Go name: Int32, UUID.
func title(kind string) string {
	if kind == "uuid" {
		return "UUID"
	}
	return strings.ToUpper(kind[:1]) + kind[1:]
}

// writeField writes a field that is there, in versions of context.
func (w *writer) writeField(s *goStruct, f *goField, context versions) {
	flex, nullable := w.flex(f, s), truth(f.nullable, context)
	switch {
	case f.array:
		w.p("dst = appendCount(dst, len(m.%s), m.%s == nil, %s, %s)", f.name, f.name, flex, nullable)
		w.p("for i := range m.%s {", f.name)
		switch f.kind {
		case "struct":
			w.p("dst = m.%s[i].AppendTo(dst, version)", f.name)
		case "string":
			w.p("dst = AppendString(dst, m.%s[i], %s)", f.name, flex)
		default:
			w.p("dst = append%s(dst, m.%s[i])", title(f.kind), f.name)
		}
		w.p("}")
	case f.kind == "struct" && !f.nullableEver():
		w.p("dst = m.%s.AppendTo(dst, version)", f.name)
	case f.kind == "struct":
		w.writeNullableStruct(f, nullable, context)
	case f.kind == "string" && f.nullableEver():
		w.p("dst = appendNullableString(dst, m.%s, %s, %s)", f.name, flex, nullable)
	case f.kind == "string":
		w.p("dst = AppendString(dst, m.%s, %s)", f.name, flex)
	case f.kind == "bytes", f.kind == "records":
		w.p("dst = appendBytes(dst, m.%s, %s, %s)", f.name, flex, nullable)
	default:
		w.p("dst = append%s(dst, m.%s)", title(f.kind), f.name)
	}
}

func (w *writer) writeNullableStruct(f *goField, nullable string, context versions) {
	null := "0xff"
	if f.tagged.intersect(context) == context {
		null = "0"
	}
	w.p("switch {")
	w.p("case m.%s != nil:", f.name)
	switch nullable {
	case "false":
	case "true":
		w.p("dst = append(dst, 1)")
	default:
		w.p("if %s {\ndst = append(dst, 1)\n}", nullable)
	}
	w.p("dst = m.%s.AppendTo(dst, version)", f.name)
	if nullable != "false" {
		if nullable == "true" {
			w.p("default:")
		} else {
			w.p("case %s:", nullable)
		}
		w.p("dst = append(dst, %s)", null)
	}
	if nullable != "true" {
		w.p("default:")
		w.p("dst = New%s().AppendTo(dst, version)", f.of.goName)
	}
	w.p("}")
}

// notDefault is the Go condition for "the field differs from its default".
func notDefault(f *goField) string {
	m := "m." + f.name
	switch {
	case f.array, f.kind == "bytes":
		switch {
		case f.def == "null":
			return m + " != nil"
		case f.nullableEver():
			return fmt.Sprintf("%s == nil || len(%s) > 0", m, m)
		}
		return fmt.Sprintf("len(%s) > 0", m)
	case f.kind == "records":
		return m + " != nil"
	case f.kind == "string" && f.nullableEver():
		if f.def == "null" {
			return m + " != nil"
		}
		return fmt.Sprintf("%s == nil || *%s != %q", m, m, f.def)
	case f.kind == "struct" && f.nullableEver():
		if f.def == "null" {
			return m + " != nil"
		}
		return fmt.Sprintf("%s == nil || !%s.isDefault()", m, m)
	case f.kind == "struct":
		return fmt.Sprintf("!%s.isDefault()", m)
	case f.kind == "uuid":
		return m + " != (kafka.UUID{})"
	case f.kind == "bool":
		if f.def == "true" {
			return "!" + m
		}
		return m
	}
	return m + " != " + f.defaultValue()
}

func (w *writer) appendTags(s *goStruct) {
	c := condition(w.msg.flexible, s.versions)
	if c == "false" {
		return
	}
	if c != "" {
		w.p("if flex {")
		defer w.p("}")
	}
	tagged := s.taggedFields()
	if len(tagged) == 0 {
		w.p("dst = append(dst, 0)")
		return
	}
	context := s.versions.intersect(w.msg.flexible)
	var open []string // the conditions, by tag
	w.p("count := 0")
	for _, f := range tagged {
		cond := notDefault(f)
		if v := condition(f.tagged, context); v != "" {
			cond = v + " && (" + cond + ")"
		}
		open = append(open, cond)
		w.p("if %s {\ncount++\n}", cond)
	}
	w.p("dst = AppendUvarint(dst, count)")
	for i, f := range tagged {
		w.p("if %s {", open[i])
		w.p("dst = AppendUvarint(dst, %d)", f.tag)
		if n := fixedSize(f.kind); n > 0 && !f.array {
			w.p("dst = append(dst, %d)", n)
			w.writeField(s, f, f.tagged)
		} else {
			w.p("mark := len(dst)")
			w.writeField(s, f, f.tagged)
			w.p("dst = CloseTag(dst, mark)")
		}
		w.p("}")
	}
}

// fixedSize is the size of a kind on the wire, 0 when it varies.
func fixedSize(kind string) int {
	switch kind {
	case "bool", "int8":
		return 1
	case "int16", "uint16":
		return 2
	case "int32", "uint32":
		return 4
	case "int64", "float64":
		return 8
	case "uuid":
		return 16
	}
	return 0
}

func (w *writer) isDefault(s *goStruct) {
	w.p("// isDefault says whether every field has Kafka's default.")
	w.p("func (m *%s) isDefault() bool {", s.goName)
	for _, f := range s.fields {
		w.p("if %s {\nreturn false\n}", notDefault(f))
	}
	w.p("return true\n}\n")
}
