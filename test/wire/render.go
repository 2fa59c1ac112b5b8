package wire

import (
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// render turns a response into lines "path: value", one for each leaf, with
// the masks applied. Elements of struct arrays are sorted by what they say:
// Kafka's order is that of its hash maps.
func (m *masker) render(resp kmsg.Response) []string {
	v := reflect.ValueOf(resp).Elem()
	return m.value(v.Type().Name(), v)
}

func (m *masker) value(typeName string, v reflect.Value) []string {
	switch v.Kind() {
	case reflect.Struct:
		return m.fields(v)
	case reflect.Pointer:
		if v.IsNil() {
			return []string{": null"}
		}
		return m.value(typeName, v.Elem())
	case reflect.Slice:
		return m.slice(typeName, v)
	default:
		return []string{": " + fmt.Sprint(v.Interface())}
	}
}

func (m *masker) fields(v reflect.Value) []string {
	var lines []string
	for i := range v.NumField() {
		field := v.Type().Field(i)
		path := v.Type().Name() + "." + field.Name
		if skipped(field.Name) {
			continue
		}
		if masked, ok := m.mask(path, field.Name, v.Field(i)); ok {
			lines = append(lines, field.Name+": "+masked)
			continue
		}
		if field.Name == "RecordBatches" {
			for _, line := range m.batches(v.Field(i).Bytes()) {
				lines = append(lines, field.Name+line)
			}
			continue
		}
		sub := m.value(field.Type.Name(), v.Field(i))
		if field.Name == "ErrorCode" {
			sub = []string{": " + errorName(int16(v.Field(i).Int()))}
		}
		for _, line := range sub {
			if !strings.HasPrefix(line, ":") && !strings.HasPrefix(line, "[") {
				line = "." + line
			}
			lines = append(lines, field.Name+line)
		}
	}
	return lines
}

func (m *masker) slice(typeName string, v reflect.Value) []string {
	if v.IsNil() {
		return []string{": null"}
	}
	if v.Type().Elem().Kind() == reflect.Uint8 {
		return []string{": " + strconv.Quote(string(v.Bytes()))}
	}
	if v.Len() == 0 {
		return []string{": []"}
	}
	if v.Type().Elem().Kind() != reflect.Struct {
		return []string{": " + fmt.Sprint(v.Interface())}
	}
	elements := make([]string, v.Len())
	for i := range v.Len() {
		elements[i] = strings.Join(m.value(typeName, v.Index(i)), "\n")
	}
	slices.Sort(elements)
	var lines []string
	for i, element := range elements {
		for line := range strings.SplitSeq(element, "\n") {
			lines = append(lines, "["+strconv.Itoa(i)+"]."+line)
		}
	}
	return lines
}

func errorName(code int16) string {
	if code == 0 {
		return "0"
	}
	if err := kerr.ErrorForCode(code); err != nil {
		if known, ok := errors.AsType[*kerr.Error](err); ok {
			return fmt.Sprintf("%d %s", code, known.Message)
		}
	}
	return strconv.Itoa(int(code))
}
