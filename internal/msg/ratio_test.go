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
	for field := range t.Fields() {
		f := field.Type
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

// TestValidMessagesOfManySmallElementsAreDecoded gives each array of every
// message, in turn, very many elements with the shortest encoding.
func TestValidMessagesOfManySmallElementsAreDecoded(t *testing.T) {
	for _, m := range all() {
		_, newest := m.VersionRange()
		message := reflect.ValueOf(m).Elem()
		eachArray(message, func() {
			b := m.AppendTo(nil, newest)
			if _, err := decodeWithinBudget(t, m, b, newest); err != nil {
				t.Errorf("%d bytes: %v", len(b), err)
			}
		})
	}
}

// eachArray makes every array below v large, one after the other, with single
// elements on the way to it, and calls visit each time. Nullable strings of
// the elements are empty rather than null, which takes more memory.
func eachArray(v reflect.Value, visit func()) {
	for _, f := range v.Fields() {
		switch {
		case f.Kind() == reflect.Pointer && f.Type().Elem().Kind() == reflect.Struct:
			f.Set(reflect.New(f.Type().Elem()))
			eachArray(f.Elem(), visit)
			f.SetZero()
		case f.Kind() == reflect.Struct:
			eachArray(f, visit)
		case f.Kind() == reflect.Slice:
			const n = 3000
			f.Set(reflect.MakeSlice(f.Type(), n, n))
			for j := 0; j < n && f.Type().Elem().Kind() == reflect.Struct; j++ {
				fillEmptyStrings(f.Index(j))
			}
			visit()
			if f.Type().Elem().Kind() == reflect.Struct {
				f.Set(reflect.MakeSlice(f.Type(), 1, 1))
				eachArray(f.Index(0), visit)
			}
			f.SetZero()
		}
	}
}

func fillEmptyStrings(v reflect.Value) {
	for _, f := range v.Fields() {
		if f.Type() == reflect.TypeFor[*string]() {
			f.Set(reflect.New(f.Type().Elem()))
		}
	}
}
