package console

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/fnv"
	"math"
	"regexp"
	"strconv"
	"strings"
	"unicode/utf16"

	"github.com/gregor-stream/gregor/internal/msg"
)

// deserializer shows bytes as the toString of what one of Kafka's
// deserializers makes of them.
type deserializer func(data []byte) (string, error)

// serializationPackage is that of Kafka's deserializers.
const serializationPackage = "org.apache.kafka.common.serialization."

// newDeserializer makes the deserializer that a class of Kafka's stands for.
func newDeserializer(class string, isKey bool, config map[string]string) (deserializer, error) {
	switch strings.TrimPrefix(class, serializationPackage) {
	case "StringDeserializer":
		return newText(isKey, config)
	case "UUIDDeserializer":
		text, err := newText(isKey, config)
		return func(data []byte) (string, error) { return uuid(text, data) }, err
	case "ShortDeserializer":
		return sized(2, "ShortDeserializer", func(n uint64) string { return strconv.Itoa(int(int16(n))) }), nil
	case "IntegerDeserializer":
		return sized(4, "IntegerDeserializer", func(n uint64) string { return strconv.Itoa(int(int32(n))) }), nil
	case "LongDeserializer":
		return sized(8, "LongDeserializer", func(n uint64) string { return strconv.FormatInt(int64(n), 10) }), nil
	case "FloatDeserializer":
		return sized(4, "Deserializer", func(n uint64) string { return javaFloat(float64(math.Float32frombits(uint32(n))), 32) }), nil
	case "DoubleDeserializer":
		return sized(8, "Deserializer", func(n uint64) string { return javaFloat(math.Float64frombits(n), 64) }), nil
	case "BooleanDeserializer":
		return boolean, nil
	case "ByteArrayDeserializer":
		return byteArray, nil
	case "ByteBufferDeserializer":
		return func(data []byte) (string, error) {
			return fmt.Sprintf("java.nio.HeapByteBuffer[pos=0 lim=%d cap=%d]", len(data), len(data)), nil
		}, nil
	case "BytesDeserializer":
		return escapedBytes, nil
	case "VoidDeserializer":
		return func([]byte) (string, error) { return "", errors.New("Data should be null for a VoidDeserializer.") }, nil
	}
	return nil, errors.New("there is no Java here, and Kafka's own deserializers are String, Short, Integer, Long, Float, Double, Boolean, UUID, Bytes, ByteArray, ByteBuffer and Void")
}

// sized reads a big-endian number of n bytes.
func sized(n int, name string, show func(uint64) string) deserializer {
	return func(data []byte) (string, error) {
		if len(data) != n {
			return "", fmt.Errorf("Size of data received by %s is not %d", name, n)
		}
		whole := make([]byte, 8)
		copy(whole[8-n:], data)
		return show(binary.BigEndian.Uint64(whole)), nil
	}
}

func boolean(data []byte) (string, error) {
	switch {
	case len(data) != 1:
		return "", errors.New("Size of data received by BooleanDeserializer is not 1")
	case data[0] > 1:
		return "", fmt.Errorf("Unexpected byte received by BooleanDeserializer: %d", int8(data[0]))
	}
	return strconv.FormatBool(data[0] == 1), nil
}

// byteArray is what Java prints of an array: a name that says nothing of what
// is in it. Here equal bytes have equal names.
func byteArray(data []byte) (string, error) {
	h := fnv.New32a()
	_, _ = h.Write(data)
	return "[B@" + strconv.FormatUint(uint64(h.Sum32()>>1), 16), nil
}

// escapedBytes is the toString of Kafka's Bytes.
func escapedBytes(data []byte) (string, error) {
	var out strings.Builder
	for _, b := range data {
		if b >= ' ' && b <= '~' && b != '\\' {
			out.WriteByte(b)
		} else {
			fmt.Fprintf(&out, "\\x%02X", b)
		}
	}
	return out.String(), nil
}

// newText reads text in the encoding that the deserializer's configuration
// names, UTF-8 where it names none.
func newText(isKey bool, config map[string]string) (deserializer, error) {
	name, set := config["value.deserializer.encoding"]
	if isKey {
		name, set = config["key.deserializer.encoding"]
	}
	if !set {
		name = config["deserializer.encoding"]
	}
	switch strings.ToUpper(strings.ReplaceAll(name, "_", "-")) {
	case "", "UTF-8", "UTF8":
		return func(data []byte) (string, error) { return msg.JavaString(data), nil }, nil
	case "US-ASCII", "ASCII":
		return func(data []byte) (string, error) { return singleBytes(data, 0x7f), nil }, nil
	case "ISO-8859-1", "LATIN1", "ISO8859-1":
		return func(data []byte) (string, error) { return singleBytes(data, 0xff), nil }, nil
	case "UTF-16", "UTF-16BE":
		return func(data []byte) (string, error) { return wide(data, binary.BigEndian, name), nil }, nil
	case "UTF-16LE":
		return func(data []byte) (string, error) { return wide(data, binary.LittleEndian, name), nil }, nil
	}
	return nil, fmt.Errorf("Unsupported encoding %s (UTF-8, UTF-16, ISO-8859-1 and US-ASCII are there)", name)
}

func singleBytes(data []byte, most byte) string {
	out := make([]rune, len(data))
	for i, b := range data {
		out[i] = rune(b)
		if b > most {
			out[i] = '�'
		}
	}
	return string(out)
}

// wide reads UTF-16; a byte order mark counts where the name has no order.
func wide(data []byte, order binary.ByteOrder, name string) string {
	if strings.HasSuffix(name, "16") && len(data) >= 2 {
		switch binary.BigEndian.Uint16(data) {
		case 0xfeff:
			data = data[2:]
		case 0xfffe:
			order, data = binary.LittleEndian, data[2:]
		}
	}
	units := make([]uint16, len(data)/2)
	for i := range units {
		units[i] = order.Uint16(data[2*i:])
	}
	text := string(utf16.Decode(units))
	if len(data)%2 == 1 {
		text += "�"
	}
	return text
}

// uuid reads and writes as java.util.UUID does: five groups of at most 16
// digits, of which the last ones count.
func uuid(text deserializer, data []byte) (string, error) {
	s, err := text(data)
	if err != nil {
		return "", err
	}
	m := regexp.MustCompile(`^([0-9a-fA-F]{1,16})-([0-9a-fA-F]{1,16})-([0-9a-fA-F]{1,16})-([0-9a-fA-F]{1,16})-([0-9a-fA-F]{1,16})$`).FindStringSubmatch(s)
	if m == nil || len(s) > 36 {
		return "", errors.New("Error parsing data into UUID")
	}
	var out []string
	for i, digits := range []int{8, 4, 4, 4, 12} {
		n, err := strconv.ParseUint(m[i+1], 16, 64)
		if err != nil {
			return "", errors.New("Error parsing data into UUID")
		}
		out = append(out, fmt.Sprintf("%0*x", digits, n&(1<<(4*digits)-1)))
	}
	return strings.Join(out, "-"), nil
}

// javaFloat writes a number as Java's toString of a Float (bits 32) or Double
// does.
func javaFloat(v float64, bits int) string {
	switch abs := math.Abs(v); {
	case math.IsNaN(v):
		return "NaN"
	case math.IsInf(v, 1):
		return "Infinity"
	case math.IsInf(v, -1):
		return "-Infinity"
	case abs == 0 || abs >= 1e-3 && abs < 1e7:
		return withPoint(strconv.FormatFloat(v, 'f', -1, bits))
	}
	mantissa, exponent, _ := strings.Cut(strconv.FormatFloat(v, 'e', -1, bits), "e")
	n, _ := strconv.Atoi(exponent) // strconv wrote it
	return withPoint(mantissa) + "E" + strconv.Itoa(n)
}

func withPoint(digits string) string {
	if strings.Contains(digits, ".") {
		return digits
	}
	return digits + ".0"
}
