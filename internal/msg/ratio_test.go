package msg

import (
	"reflect"
	"strings"
	"testing"
)

// TestBudgetAdmitsEveryValidMessage: an element of an array takes at most 24
// times as much memory as its shortest encoding, so that a message with very
// many small elements is still within the budget of its size.
func TestBudgetAdmitsEveryValidMessage(t *testing.T) {
	for _, m := range all() {
		oldest, newest := m.VersionRange()
		eachElementType(reflect.TypeOf(m).Elem(), func(element reflect.Type) {
			e := reflect.New(element).Interface().(interface {
				AppendTo(dst []byte, version int16) []byte
				SetDefaults()
			})
			e.SetDefaults()
			if strings.HasPrefix(element.Name(), "StreamsGroupDescribeResponseTopologyDescription") {
				oldest = 1 // not part of version 0
			}
			for v := oldest; v <= newest; v++ {
				wire := len(e.AppendTo(nil, v))
				if memory := int(element.Size()); memory > 24*max(1, wire) {
					t.Errorf("%s v%d: an element %s of %d bytes takes %d bytes of memory", m.MessageName(), v, element.Name(), wire, memory)
				}
			}
		})
	}
}

// eachElementType calls visit for the struct types of all arrays below t.
func eachElementType(t reflect.Type, visit func(reflect.Type)) {
	for i := range t.NumField() {
		f := t.Field(i).Type
		if f.Kind() == reflect.Slice && f.Elem().Kind() == reflect.Struct {
			visit(f.Elem())
		}
		if f.Kind() == reflect.Slice || f.Kind() == reflect.Pointer {
			f = f.Elem()
		}
		if f.Kind() == reflect.Struct {
			eachElementType(f, visit)
		}
	}
}
