package main

import (
	"fmt"
	"slices"
	"strings"
)

// message is a definition of the current release with the versions that only
// the older one has merged into it, ready to be written as Go.
type message struct {
	name      string
	kind      string // request, response, header, metadata, coordinator-key, coordinator-value, data
	key       int    // API key or record type, -1: none
	listeners []string
	versions  versions
	flexible  versions
	current   versions // what the current release defines
	unstable  bool     // the newest version is marked unstable
	structs   []*goStruct
}

// goStruct is one Go struct; the first of a message is the message itself.
type goStruct struct {
	goName   string
	path     string // where it stands in the message, for errors
	versions versions
	fields   []*goField
	compared bool // needs isDefault, because a tagged field has this type
}

// goField is one field of a Go struct.
type goField struct {
	name     string
	kind     string // bool int8 ... string bytes records uuid struct
	array    bool
	of       *goStruct // for kind struct
	versions versions  // where it exists
	nullable versions
	tagged   versions
	flexible versions // where its own encoding is flexible
	tag      int
	def      string // Kafka's default as text: null, a number, true, ...
}

// nullableEver says whether the Go type must be able to hold null.
func (f *goField) nullableEver() bool { return !f.nullable.empty() }

// merge joins the definitions of both releases, sorted by name.
func merge(current, dropped map[string]*definition) ([]*message, error) {
	for _, old := range dropped { // only requests say it, and mean the pair
		if request, ok := strings.CutSuffix(old.Name, "Response"); ok && dropped[request+"Request"] != nil {
			old.LatestUnstable = dropped[request+"Request"].LatestUnstable
		}
	}
	var out []*message
	for _, name := range sortedKeys(current) {
		m, err := mergeMessage(current[name], dropped[name])
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		if m != nil {
			out = append(out, m)
		}
	}
	return out, nil
}

// merger carries what the fields of one message need.
type merger struct {
	msg           *message
	currentRange  versions
	droppedRange  versions // what only the older release has
	currentCommon map[string][]*field
	droppedCommon map[string][]*field
	structs       map[string]*goStruct
}

func mergeMessage(cur, old *definition) (*message, error) {
	m := &message{
		name: cur.Name, kind: cur.Type, key: -1, listeners: cur.Listeners,
		versions: cur.ValidVersions, flexible: cur.FlexibleVersions, current: cur.ValidVersions, unstable: cur.LatestUnstable,
	}
	if cur.APIKey != nil {
		m.key = int(*cur.APIKey)
	}
	if old == nil {
		old = &definition{ValidVersions: none(), FlexibleVersions: none()}
	}
	g := &merger{msg: m, currentRange: cur.ValidVersions, structs: map[string]*goStruct{}}
	g.droppedRange = droppedVersions(cur, old)
	var err error
	if m.versions, err = g.droppedRange.union(g.currentRange); err != nil || m.versions.empty() {
		return nil, err
	}
	if m.current.empty() {
		m.flexible, m.listeners = old.FlexibleVersions, old.Listeners
	} else if !g.droppedRange.empty() && old.FlexibleVersions != cur.FlexibleVersions {
		return nil, fmt.Errorf("flexible versions %v and %v differ", old.FlexibleVersions, cur.FlexibleVersions)
	}
	g.currentCommon, g.droppedCommon = commonFields(cur), commonFields(old)
	_, err = g.build(cur.Name, "", m.versions, cur.Fields, old.Fields)
	if err != nil {
		return nil, err
	}
	markCompared(m)
	return m, nil
}

// droppedVersions are those that were served once, and are not defined any more.
// A version that never became stable was not served.
func droppedVersions(cur, old *definition) versions {
	v := old.ValidVersions
	if old.LatestUnstable {
		v.newest--
	}
	if !cur.ValidVersions.empty() {
		v = v.intersect(versions{0, cur.ValidVersions.oldest - 1})
	}
	if v.empty() {
		return none()
	}
	return v
}

func commonFields(d *definition) map[string][]*field {
	m := map[string][]*field{}
	for _, s := range d.CommonStructs {
		m[s.Name] = s.Fields
	}
	return m
}

// build makes the struct of a type and, in order, those below it.
func (g *merger) build(typeName, path string, context versions, cur, old []*field) (*goStruct, error) {
	s := &goStruct{goName: goName(g.msg.name, typeName), path: path, versions: context}
	g.structs[typeName] = s
	g.msg.structs = append(g.msg.structs, s)
	for _, pair := range pairUp(cur, old) {
		f, err := g.mergeField(s, context, pair.cur, pair.old)
		if err != nil {
			return nil, err
		}
		if f != nil {
			s.fields = append(s.fields, f)
		}
	}
	return s, nil
}

type fieldPair struct{ cur, old *field }

// pairUp brings the fields of both releases into one order of the wire.
func pairUp(cur, old []*field) []fieldPair {
	find := func(list []*field, name string) int {
		return slices.IndexFunc(list, func(f *field) bool { return f.Name == name })
	}
	var out []fieldPair
	next := 0
	flush := func(end int) {
		for ; next < end; next++ {
			if find(cur, old[next].Name) < 0 {
				out = append(out, fieldPair{old: old[next]})
			}
		}
	}
	for _, c := range cur {
		p := fieldPair{cur: c}
		if at := find(old, c.Name); at >= 0 {
			p.old = old[at]
			flush(at)
		}
		out = append(out, p)
	}
	flush(len(old))
	return out
}

func (g *merger) mergeField(in *goStruct, context versions, cur, old *field) (*goField, error) {
	f := &goField{versions: none(), nullable: none(), tagged: none(), flexible: g.msg.flexible, tag: -1}
	var typeName string
	var err error
	join := func(into *versions, v, clip versions) {
		if err == nil {
			*into, err = into.union(v.intersect(clip))
		}
	}
	for _, from := range []struct {
		f    *field
		clip versions
	}{{old, g.droppedRange}, {cur, g.currentRange}} {
		if from.f == nil || from.f.Versions.intersect(from.clip).intersect(context).empty() {
			continue
		}
		clip := from.clip.intersect(context).intersect(*from.f.Versions)
		if typeName != "" && typeName != from.f.Type {
			return nil, fmt.Errorf("field %s is %s and %s", from.f.Name, typeName, from.f.Type)
		}
		f.name, f.def, typeName = from.f.Name, string(from.f.Default), from.f.Type
		join(&f.versions, *from.f.Versions, clip)
		join(&f.nullable, from.f.Nullable, clip)
		join(&f.tagged, from.f.Tagged, clip)
		if from.f.Flexible != nil {
			f.flexible = *from.f.Flexible
		}
		if from.f.Tag.set {
			f.tag = from.f.Tag.value
		}
	}
	if err != nil || f.name == "" {
		return nil, err
	}
	f.kind, f.array = strings.CutPrefix(typeName, "[]")
	if f.kind[0] >= 'A' && f.kind[0] <= 'Z' {
		typeName = f.kind
		f.kind = "struct"
		f.of, err = g.structOf(typeName, in, f, cur, old)
	}
	return f, err
}

// structOf finds or builds the struct of a field.
func (g *merger) structOf(typeName string, in *goStruct, f *goField, cur, old *field) (*goStruct, error) {
	if s := g.structs[typeName]; s != nil {
		return s, nil
	}
	path := f.name
	if in.path != "" {
		path = in.path + "." + f.name
	}
	curFields, inCur := g.currentCommon[typeName]
	oldFields, inOld := g.droppedCommon[typeName]
	context := f.versions
	if inCur || inOld {
		context, path = g.msg.versions, typeName
	}
	if !inCur && cur != nil {
		curFields = cur.Fields
	}
	if !inOld && old != nil {
		oldFields = old.Fields
	}
	return g.build(typeName, path, context, curFields, oldFields)
}

// goName puts the message's name before the struct's, once.
func goName(message, typeName string) string {
	if strings.HasPrefix(typeName, message) {
		return typeName
	}
	return message + typeName
}

// markCompared finds the structs whose values are compared with the default,
// because a tagged field that has it is not written.
func markCompared(m *message) {
	var mark func(s *goStruct)
	mark = func(s *goStruct) {
		if s.compared {
			return
		}
		s.compared = true
		for _, f := range s.fields {
			if f.kind == "struct" && !f.array && f.def != "null" {
				mark(f.of)
			}
		}
	}
	for _, s := range m.structs {
		for _, f := range s.fields {
			if f.kind == "struct" && !f.array && !f.tagged.empty() && f.def != "null" {
				mark(f.of)
			}
		}
	}
}
