package dumplog

import (
	"strconv"

	"github.com/gregor-stream/gregor/internal/msg"
)

// The JSON form is an object a line. Its first fields are always type and
// file; docs/dump-log.md lists the types and their fields.

// begin starts an object.
func (d *dumper) begin(kind, path string) {
	d.line = append(d.line[:0], `{"type":"`...)
	d.line = append(d.line, kind...)
	d.line = append(d.line, '"')
	d.text("file", path)
}

func (d *dumper) name(name string) {
	d.line = append(d.line, ',', '"')
	d.line = append(d.line, name...)
	d.line = append(d.line, '"', ':')
}

func (d *dumper) text(name, value string) {
	d.name(name)
	d.line = msg.AppendJSONString(d.line, []byte(value))
}

func (d *dumper) number(name string, value int64) {
	d.name(name)
	d.line = strconv.AppendInt(d.line, value, 10)
}

func (d *dumper) truth(name string, value bool) {
	d.name(name)
	d.line = strconv.AppendBool(d.line, value)
}

// raw adds a field whose value is JSON.
func (d *dumper) raw(name string, value []byte) {
	d.name(name)
	d.line = append(d.line, value...)
}

// end prints the object.
func (d *dumper) end() {
	d.line = append(d.line, '}', '\n')
	_, _ = d.out.Write(d.line) // the writer keeps its error for the end
}
