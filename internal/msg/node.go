package msg

import (
	"errors"
	"fmt"
	"math"
	"strconv"

	"github.com/gregor-stream/gregor/internal/kafka"
)

// Node is one decoded value of a [Schema]: a struct, an array or a plain
// value. Byte values alias the input.
type Node struct {
	kind   schemaKind
	array  bool
	null   bool
	number int64          // of numbers, booleans (0, 1) and the bits of a float64
	data   []byte         // of strings, bytes and ids
	list   []Node         // an array's elements, or a struct's fields in the order of the schema
	fields *[]schemaField // of a struct
	newest int16          // of the message, for open ranges
}

// Limits of Kafka's generated classes. With them, and as each element takes
// at least a byte, a decode is bounded by its input.
const (
	collectionMax = 1_000_000
	taggedMax     = 10_000
	// nodesMax bounds the memory of one decode: about 300 MB.
	nodesMax = 4 << 20
)

// errUnderflow is Java's BufferUnderflowException, which has no message.
var errUnderflow = errors.New("null")

// Decode reads a message of the given version and returns what follows it.
// The errors are what Kafka's generated classes say; where theirs say nothing
// (the bytes are cut) the message is "null", as Java prints it.
func (s *Schema) Decode(b []byte, version int16) (*Node, []byte, error) {
	d := &nodeDecoder{b: b, version: version, newest: s.Newest, flexible: s.flexible.has(version), budget: nodesMax}
	n := d.structure(&s.fields)
	if d.err != nil {
		return nil, nil, d.err
	}
	return &n, d.b, nil
}

// Field is the value of a struct's field by Kafka's name, nil if there is none.
func (n *Node) Field(name string) *Node {
	if n.fields == nil || n.null {
		return nil
	}
	for i := range *n.fields {
		if (*n.fields)[i].name == name {
			return &n.list[i]
		}
	}
	return nil
}

// Int is the value of a number or boolean.
func (n *Node) Int() int64 { return n.number }

// Bytes is the content of a string, bytes or id.
func (n *Node) Bytes() []byte { return n.data }

// UUID is the value of an id.
func (n *Node) UUID() (id kafka.UUID) {
	copy(id[:], n.data)
	return id
}

// Elements are the elements of an array.
func (n *Node) Elements() []Node {
	if !n.array {
		return nil
	}
	return n.list
}

// IsNull says whether the value is null.
func (n *Node) IsNull() bool { return n.null }

// Replace makes the node show itself as this JSON.
func (n *Node) Replace(json []byte) { *n = Node{kind: kindRaw, data: json} }

type nodeDecoder struct {
	b       []byte
	version int16
	newest  int16
	// flexible says whether structs end with tagged fields.
	flexible bool
	budget   int
	err      error // the first; later reads give zeros
}

func (d *nodeDecoder) fail(format string, args ...any) {
	if d.err == nil {
		d.err = fmt.Errorf(format, args...)
		d.b = nil
	}
}

func (d *nodeDecoder) take(n int) []byte {
	if n > len(d.b) {
		if d.err == nil {
			d.err, d.b = errUnderflow, nil
		}
		return nil
	}
	b := d.b[:n:n]
	d.b = d.b[n:]
	return b
}

// integer reads a big-endian number of so many bytes, as unsigned.
func (d *nodeDecoder) integer(size int) uint64 {
	var v uint64
	for _, c := range d.take(size) {
		v = v<<8 | uint64(c)
	}
	return v
}

// uvarint reads what Kafka's ByteUtils.readUnsignedVarint does.
func (d *nodeDecoder) uvarint() int32 {
	var v uint32
	for i := range 5 {
		b := d.take(1)
		if b == nil {
			return 0
		}
		v |= uint32(b[0]&0x7f) << (7 * i)
		if b[0] < 0x80 {
			return int32(v)
		}
	}
	d.fail("Varint is too long, the most significant bit in the 5th byte is set, converted value: %x", v)
	return 0
}

// bytes reads an array of so many bytes, as Kafka's ByteBufferAccessor does.
func (d *nodeDecoder) bytes(n int) []byte {
	if n > len(d.b) && d.err == nil {
		d.fail("Error reading byte array of %d byte(s): only %d byte(s) available", n, len(d.b))
	}
	return d.take(max(n, 0))
}

func (d *nodeDecoder) structure(fields *[]schemaField) Node {
	n := Node{kind: kindStruct, fields: fields, newest: d.newest}
	if d.budget -= len(*fields) + 1; d.budget < 0 {
		d.fail("more than %d values", nodesMax)
		return n
	}
	n.list = make([]Node, len(*fields))
	for i := range *fields {
		f := &(*fields)[i]
		if f.versions.has(d.version) && !f.tagged.has(d.version) && d.err == nil {
			n.list[i] = d.value(f)
		} else {
			n.list[i] = f.defaultNode(d.newest)
		}
	}
	if d.flexible && d.err == nil {
		d.tags(&n)
	}
	return n
}

func (d *nodeDecoder) tags(n *Node) {
	count := d.uvarint()
	if count > taggedMax {
		d.fail("Tried to read %d tagged fields, which exceeds the maximum allowed count of %d.", count, taggedMax)
	}
	for range count {
		tag, size := d.uvarint(), d.uvarint()
		if d.err != nil {
			return
		}
		known := false
		for i := range *n.fields {
			f := &(*n.fields)[i]
			switch {
			case f.tag != tag || f.tagged.empty():
				continue
			case !f.tagged.has(d.version) || !f.versions.has(d.version):
				d.fail("Tag %d is not valid for version %d", tag, d.version)
			default:
				n.list[i] = d.tagged(f)
			}
			known = true
		}
		if !known {
			d.bytes(int(size))
		}
	}
}

// tagged reads the value of a tagged field, where a nullable struct has a
// varint before it and not a byte: zero is null.
func (d *nodeDecoder) tagged(f *schemaField) Node {
	switch {
	case f.kind != kindStruct || f.array || !f.nullable.has(d.version):
		return d.value(f)
	case d.uvarint() <= 0:
		return Node{kind: kindStruct, null: true}
	}
	return d.nested(f, false)
}

func (d *nodeDecoder) value(f *schemaField) Node {
	if !f.array {
		return d.element(f, f.name, f.nullable.has(d.version))
	}
	n := Node{kind: f.kind, array: true}
	size := int(d.length(f, 4))
	switch {
	case d.err != nil:
		return n
	case size < 0:
		n.null = true
		if !f.nullable.has(d.version) {
			d.fail("non-nullable field %s was serialized as null", f.name)
		}
		return n
	case size > len(d.b):
		d.fail("Tried to allocate a collection of size %d, but there are only %d bytes remaining.", size, len(d.b))
	case size > collectionMax:
		d.fail("Tried to read a collection of size %d, which exceeds the maximum allowed size of %d.", size, collectionMax)
	case size > d.budget:
		d.fail("more than %d values", nodesMax)
	}
	d.budget -= size
	for i := 0; i < size && d.err == nil; i++ {
		n.list = append(n.list, d.element(f, f.name+" element", false))
	}
	return n
}

// length reads a length: a varint of it plus one, or a number of size bytes.
func (d *nodeDecoder) length(f *schemaField, size int) int32 {
	switch {
	case f.flexible.has(d.version):
		return d.uvarint() - 1
	case size == 2:
		return int32(int16(d.integer(2)))
	}
	return int32(d.integer(4))
}

func (d *nodeDecoder) element(f *schemaField, name string, nullable bool) Node {
	n := Node{kind: f.kind}
	switch f.kind {
	case kindStruct:
		return d.nested(f, nullable)
	case kindBool:
		if d.integer(1) != 0 {
			n.number = 1
		}
	case kindInt8:
		n.number = int64(int8(d.integer(1)))
	case kindInt16:
		n.number = int64(int16(d.integer(2)))
	case kindUint16:
		n.number = int64(d.integer(2))
	case kindInt32:
		n.number = int64(int32(d.integer(4)))
	case kindUint32:
		n.number = int64(d.integer(4))
	case kindInt64, kindFloat64:
		n.number = int64(d.integer(8))
	case kindUUID:
		n.data = d.take(16)
	case kindString, kindBytes:
		size := 4
		if f.kind == kindString {
			size = 2
		}
		length := d.length(f, size)
		switch {
		case d.err != nil:
		case length < 0 && nullable:
			n.null = true
		case length < 0:
			d.fail("non-nullable field %s was serialized as null", name)
		case f.kind == kindString && length > maxString:
			d.fail("string field %s had invalid length %d", name, length)
		default:
			n.data = d.bytes(int(length))
		}
	case kindRaw:
	}
	return n
}

func (d *nodeDecoder) nested(f *schemaField, nullable bool) Node {
	if nullable && int8(d.integer(1)) < 0 {
		return Node{kind: kindStruct, null: true}
	}
	if d.version > d.newest {
		d.fail("Can't read version %d of %s", d.version, f.typeName)
	}
	return d.structure(&f.fields)
}

// defaultNode is the value of a field that is not there.
func (f *schemaField) defaultNode(newest int16) Node {
	n := Node{kind: f.kind, array: f.array}
	switch {
	case f.def == "null":
		n.null = true
	case f.array:
	case f.kind == kindStruct:
		n.fields, n.newest = &f.fields, newest
		n.list = make([]Node, len(f.fields))
		for i := range f.fields {
			n.list[i] = f.fields[i].defaultNode(newest)
		}
	case f.kind == kindString:
		n.data = []byte(f.def)
	case f.kind == kindUUID:
		n.data = make([]byte, 16)
	case f.kind == kindBool:
		if f.def == "true" {
			n.number = 1
		}
	case f.kind == kindFloat64 && f.def != "":
		v, _ := strconv.ParseFloat(f.def, 64) // the generator wrote it
		n.number = int64(math.Float64bits(v))
	case f.def != "" && f.kind != kindBytes:
		n.number = number(f.def)
	}
	return n
}
