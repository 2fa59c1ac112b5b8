package msg

import (
	"math"
	"strconv"
	"strings"
)

// Schema is the layout of a stored message: a metadata record, a key or value
// of a coordinator's topic, a control record, a producer snapshot. It decodes
// bytes into a [Node], which shows itself as the JSON that Kafka's generated
// JsonConverter classes write. It is for tools, which show any record and any
// version, and say what Kafka says where the bytes are damaged; the broker
// decodes into structs.
type Schema struct {
	Name string // as in Kafka: OffsetCommitValue
	Key  int16  // API key of the record type, -1: none
	// Oldest and Newest are the versions that Kafka defines. Like Kafka's
	// classes, the schema decodes newer ones as if they were the newest, until
	// it meets a struct within.
	Oldest, Newest int16

	flexible schemaRange
	fields   []schemaField
}

type schemaKind uint8

const (
	kindStruct schemaKind = iota
	kindBool
	kindInt8
	kindInt16
	kindUint16
	kindInt32
	kindUint32
	kindInt64
	kindFloat64
	kindString
	kindBytes
	kindUUID
	kindRaw // of a Node that was replaced: JSON as it stands
)

// schemaField is a field. Ranges that reach the newest version are open.
type schemaField struct {
	name     string
	kind     schemaKind
	array    bool
	typeName string // of a struct
	versions schemaRange
	nullable schemaRange
	tagged   schemaRange
	flexible schemaRange
	tag      int32
	def      string // Kafka's default as text: null, a number, true; "" is zero or empty
	fields   []schemaField
}

type schemaRange struct{ oldest, newest int16 }

func (r schemaRange) has(version int16) bool { return r.oldest <= version && version <= r.newest }

func (r schemaRange) empty() bool { return r.oldest > r.newest }

// SchemaByName finds the schema of a stored message by Kafka's name; nil if
// there is none. It reads the table anew at each call: keep what it gives.
func SchemaByName(name string) *Schema {
	return findSchema(func(n, _ string, _ int16) bool { return n == name })
}

// MetadataSchema finds the metadata log's record of a type; nil if there is
// none.
func MetadataSchema(key int16) *Schema {
	return findSchema(func(name, kind string, k int16) bool {
		return kind == "metadata" && k == key && !strings.HasPrefix(name, "Remote")
	})
}

// RemoteLogMetadataSchema finds the remote log metadata topic's record of a
// type; nil if there is none.
func RemoteLogMetadataSchema(key int16) *Schema {
	return findSchema(func(name, kind string, k int16) bool {
		return kind == "metadata" && k == key && strings.HasPrefix(name, "Remote")
	})
}

// Family says whose topic a key or value is for.
type Family uint8

// The coordinators.
const (
	GroupFamily Family = iota
	TransactionFamily
	ShareFamily
)

// KeySchema finds the key of a record type in a coordinator's topic; nil if
// there is none.
func (f Family) KeySchema(key int16) *Schema { return f.schema("coordinator-key", key) }

// ValueSchema finds the value of a record type in a coordinator's topic; nil
// if there is none.
func (f Family) ValueSchema(key int16) *Schema { return f.schema("coordinator-value", key) }

func (f Family) schema(kind string, key int16) *Schema {
	return findSchema(func(name, k string, n int16) bool {
		of := GroupFamily
		switch {
		case strings.HasPrefix(name, "Transaction"):
			of = TransactionFamily
		case strings.HasPrefix(name, "ShareSnapshot"), strings.HasPrefix(name, "ShareUpdate"):
			of = ShareFamily
		}
		return k == kind && n == key && of == f
	})
}

// findSchema reads the first message of the table that match wants.
func findSchema(match func(name, kind string, key int16) bool) *Schema {
	rest := schemas
	for rest != "" {
		var line string
		line, rest, _ = strings.Cut(rest, "\n")
		if line == "" || line[0] == ' ' {
			continue
		}
		words := strings.Fields(line)
		key := int16(number(words[2]))
		if !match(words[0], words[1], key) {
			continue
		}
		oldest, newest, _ := strings.Cut(words[3], "-")
		s := &Schema{Name: words[0], Key: key, Oldest: int16(number(oldest)), Newest: int16(number(newest)), flexible: parseRange(words[4])}
		s.fields, _ = readFields(rest, 1, s.flexible)
		return s
	}
	return nil
}

// readFields reads the fields at one depth and gives the lines after them.
func readFields(text string, depth int, flexible schemaRange) ([]schemaField, string) {
	var fields []schemaField
	for text != "" {
		line, rest, _ := strings.Cut(text, "\n")
		words := strings.TrimLeft(line, " ")
		if len(line)-len(words) != depth {
			break
		}
		f := readField(strings.SplitN(words, " ", 8), flexible)
		text = rest
		f.fields, text = readFields(text, depth+1, flexible)
		fields = append(fields, f)
	}
	return fields, text
}

func readField(words []string, flexible schemaRange) schemaField {
	f := schemaField{
		name: words[0], versions: parseRange(words[2]), nullable: parseRange(words[3]), tagged: parseRange(words[4]),
		tag: int32(number(words[5])), flexible: flexible,
	}
	f.typeName, f.array = strings.CutPrefix(words[1], "[]")
	if f.kind = parseKind(f.typeName); f.kind != kindStruct {
		f.typeName = ""
	}
	if words[6] != "=" {
		f.flexible = parseRange(words[6])
	}
	if len(words) > 7 {
		f.def = words[7]
	}
	return f
}

func parseKind(name string) schemaKind {
	switch name {
	case "bool":
		return kindBool
	case "int8":
		return kindInt8
	case "int16":
		return kindInt16
	case "uint16":
		return kindUint16
	case "int32":
		return kindInt32
	case "uint32":
		return kindUint32
	case "int64":
		return kindInt64
	case "float64":
		return kindFloat64
	case "string":
		return kindString
	case "bytes":
		return kindBytes
	case "uuid":
		return kindUUID
	}
	return kindStruct
}

// parseRange reads -, 3, 3+ and 3-5.
func parseRange(text string) schemaRange {
	if text == "-" {
		return schemaRange{0, -1}
	}
	low, high, isRange := strings.Cut(text, "-")
	low, open := strings.CutSuffix(low, "+")
	r := schemaRange{oldest: int16(number(low)), newest: int16(number(low))}
	switch {
	case open:
		r.newest = math.MaxInt16
	case isRange:
		r.newest = int16(number(high))
	}
	return r
}

// number reads a number of the table, which the generator wrote.
func number(text string) int64 {
	n, err := strconv.ParseInt(text, 0, 64)
	if err != nil {
		panic("msg: the table of schemas is broken: " + err.Error())
	}
	return n
}
