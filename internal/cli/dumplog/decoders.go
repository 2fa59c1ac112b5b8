package dumplog

import (
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"strconv"

	"github.com/gregor-stream/gregor/internal/msg"
)

const (
	decoderPackage = "org.apache.kafka.tools.api"
	stringDecoder  = decoderPackage + ".StringDecoder"
)

// content is what a record says. A key or value that is JSON is shown as it
// is in the JSON form, and as text otherwise.
type content struct {
	key, value         string
	hasKey, hasValue   bool
	keyJSON, valueJSON bool
}

// recordParser reads the content of records.
type recordParser interface {
	parse(r *record) (content, error)
}

// parser makes the parser that the options want; where there are several, the
// one that Kafka takes.
func (o *options) parser(asJSON bool) (recordParser, error) {
	switch {
	case o.offsets:
		return newCoordinatorParser(msg.GroupFamily), nil
	case o.transactions:
		return newCoordinatorParser(msg.TransactionFamily), nil
	case o.cluster:
		return &clusterParser{schemas: schemaCache{find: msg.MetadataSchema}}, nil
	case o.remote:
		return &remoteParser{schemas: schemaCache{find: msg.RemoteLogMetadataSchema}}, nil
	case o.shares:
		return newCoordinatorParser(msg.ShareFamily), nil
	}
	value, err := findDecoder(o.valueDecoder, asJSON)
	if err != nil {
		return nil, fmt.Errorf("--value-decoder-class %w", err)
	}
	key, err := findDecoder(o.keyDecoder, asJSON)
	if err != nil {
		return nil, fmt.Errorf("--key-decoder-class %w", err)
	}
	return &classParser{key: key, value: value}, nil
}

// schemaCache keeps the schemas that were found.
type schemaCache struct {
	find  func(int16) *msg.Schema
	known map[int16]*msg.Schema
}

func (c *schemaCache) get(key int16) *msg.Schema {
	if s, ok := c.known[key]; ok {
		return s
	}
	if c.known == nil {
		c.known = map[int16]*msg.Schema{}
	}
	s := c.find(key)
	c.known[key] = s
	return s
}

// decoder is one of Kafka's Decoder classes; isJSON says that what it gives is
// a number.
type decoder struct {
	decode func([]byte) (string, error)
	isJSON bool
}

// findDecoder finds a decoder by its class, for a form of the output.
func findDecoder(class string, asJSON bool) (decoder, error) {
	switch class {
	case stringDecoder:
		return decoder{decode: func(b []byte) (string, error) { return msg.JavaString(b), nil }}, nil
	case decoderPackage + ".IntegerDecoder":
		return decoder{isJSON: true, decode: func(b []byte) (string, error) {
			if len(b) < 4 {
				return "", fmt.Errorf("%d bytes are no integer", len(b))
			}
			return strconv.Itoa(int(int32(binary.BigEndian.Uint32(b)))), nil
		}}, nil
	case decoderPackage + ".LongDecoder":
		return decoder{isJSON: true, decode: func(b []byte) (string, error) {
			if len(b) < 8 {
				return "", fmt.Errorf("%d bytes are no long", len(b))
			}
			return strconv.FormatInt(int64(binary.BigEndian.Uint64(b)), 10), nil
		}}, nil
	case decoderPackage + ".DefaultDecoder":
		if asJSON {
			return decoder{decode: func(b []byte) (string, error) { return base64.StdEncoding.EncodeToString(b), nil }}, nil
		}
		// Java prints the name of a byte array's class and a number that is
		// another in each run; here it follows from the content.
		return decoder{decode: func(b []byte) (string, error) { return fmt.Sprintf("[B@%x", crc32.ChecksumIEEE(b)), nil }}, nil
	}
	return decoder{}, fmt.Errorf("%s: no class can be loaded here; there are StringDecoder, IntegerDecoder, LongDecoder and DefaultDecoder of %s", class, decoderPackage)
}

// classParser decodes keys and values with decoders.
type classParser struct{ key, value decoder }

func (p *classParser) parse(r *record) (c content, err error) {
	if r.keySize >= 0 {
		c.hasKey, c.keyJSON = true, p.key.isJSON
		if c.key, err = p.key.decode(r.key); err != nil {
			return c, fmt.Errorf("the key: %w", err)
		}
	}
	if r.valueSize >= 0 {
		c.hasValue, c.valueJSON = true, p.value.isJSON
		if c.value, err = p.value.decode(r.value); err != nil {
			return c, fmt.Errorf("the value: %w", err)
		}
	}
	return c, nil
}

// coordinatorParser reads the records of a coordinator's topic.
type coordinatorParser struct {
	family       msg.Family
	keys, values schemaCache
	subscription *msg.Schema
	assignment   *msg.Schema
}

func newCoordinatorParser(family msg.Family) *coordinatorParser {
	return &coordinatorParser{
		family: family, keys: schemaCache{find: family.KeySchema}, values: schemaCache{find: family.ValueSchema},
		subscription: msg.SchemaByName("ConsumerProtocolSubscription"), assignment: msg.SchemaByName("ConsumerProtocolAssignment"),
	}
}

// unknownType is a record type that the coordinator does not have.
type unknownType int16

func (u unknownType) Error() string { return fmt.Sprintf("Found an unknown record type %d", int16(u)) }

func (p *coordinatorParser) parse(r *record) (content, error) {
	if r.keySize < 0 {
		return content{}, errors.New("it has no key: the records are not those of this decoder's topic")
	}
	c, err := p.read(r)
	var unknown unknownType
	switch {
	case errors.As(err, &unknown):
		return content{hasKey: true, key: fmt.Sprintf("Unknown record type %d at offset %d, skipping.", int16(unknown), r.offset)}, nil
	case err != nil:
		return content{hasKey: true, key: fmt.Sprintf("Error at offset %d, skipping. %v", r.offset, err)}, nil
	}
	return c, nil
}

func (p *coordinatorParser) read(r *record) (content, error) {
	if len(r.key) < 2 {
		return content{}, errors.New("Could not read version from key's buffer.")
	}
	kind := int16(binary.BigEndian.Uint16(r.key))
	schema := p.keys.get(kind)
	if schema == nil {
		return content{}, unknownType(kind)
	}
	key, _, err := schema.Decode(r.key[2:], kind)
	if err != nil {
		return content{}, fmt.Errorf("Could not read record with version %d from key's buffer due to: %w.", kind, err)
	}
	data, err := key.AppendJSON(nil, 0)
	if err != nil {
		return content{}, err
	}
	c := content{hasKey: true, keyJSON: true, hasValue: true, key: fmt.Sprintf(`{"type":"%d","data":%s}`, kind, data)}
	if r.valueSize < 0 {
		c.value = "<DELETE>"
		return c, nil
	}
	if c.value, err = p.readValue(kind, r.value); err != nil {
		return content{}, err
	}
	c.valueJSON = true
	return c, nil
}

func (p *coordinatorParser) readValue(kind int16, b []byte) (string, error) {
	schema := p.values.get(kind)
	if schema == nil {
		return "", unknownType(kind)
	}
	if len(b) < 2 {
		return "", errors.New("Could not read version from value's buffer.")
	}
	version := int16(binary.BigEndian.Uint16(b))
	if version < schema.Oldest || version > schema.Newest {
		return "", fmt.Errorf("Found an unknown record version %d for %d type", version, kind)
	}
	value, _, err := schema.Decode(b[2:], version)
	if err != nil {
		return "", fmt.Errorf("Could not read record with version %d from value's buffer due to: %w.", version, err)
	}
	if schema.Name == "GroupMetadataValue" {
		p.members(value)
	}
	data, err := value.AppendJSON(nil, version)
	if err != nil {
		return "", err
	}
	return fmt.Sprintf(`{"version":"%d","data":%s}`, version, data), nil
}

// members shows what consumers subscribe to and what they are assigned, where
// the group is one of consumers.
func (p *coordinatorParser) members(group *msg.Node) {
	if protocol := group.Field("protocolType"); protocol.IsNull() || string(protocol.Bytes()) != "consumer" {
		return
	}
	members := group.Field("members").Elements()
	for i := range members {
		unpack(members[i].Field("subscription"), p.subscription)
		unpack(members[i].Field("assignment"), p.assignment)
	}
}

// unpack shows bytes as the message that they are; what is none stays.
func unpack(n *msg.Node, schema *msg.Schema) {
	b := n.Bytes()
	if n.IsNull() || len(b) < 2 {
		return
	}
	version := int16(binary.BigEndian.Uint16(b))
	inner, _, err := schema.Decode(b[2:], version)
	if err != nil {
		return
	}
	if json, err := inner.AppendJSON(nil, version); err == nil {
		n.Replace(json)
	}
}
