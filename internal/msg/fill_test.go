package msg

import (
	"math/rand/v2"
	"reflect"
)

// filler fills structs with values by reflection, for tests.
type filler struct {
	rng *rand.Rand
	// skip names the fields that stay as they are.
	skip map[string]bool
	// notNull makes all slices non-nil.
	notNull bool
}

func newFiller(seed uint64) *filler {
	return &filler{rng: rand.New(rand.NewPCG(seed, 1))}
}

// fill sets v and everything below it.
func (f *filler) fill(v reflect.Value) {
	switch v.Kind() {
	case reflect.Bool:
		v.SetBool(f.rng.IntN(2) == 0)
	case reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		v.SetInt(f.rng.Int64() >> (64 - v.Type().Bits()) >> f.rng.IntN(8))
	case reflect.Uint8, reflect.Uint16, reflect.Uint32:
		v.SetUint(f.rng.Uint64() >> (64 - v.Type().Bits()))
	case reflect.Float64:
		v.SetFloat(f.rng.NormFloat64())
	case reflect.String:
		v.SetString(f.text())
	case reflect.Pointer:
		if f.rng.IntN(3) == 0 {
			v.SetZero()
			return
		}
		v.Set(reflect.New(v.Type().Elem()))
		f.fill(v.Elem())
	case reflect.Array:
		for i := range v.Len() {
			f.fill(v.Index(i))
		}
	case reflect.Slice:
		n := f.rng.IntN(5) - 1
		if n < 0 && !f.notNull {
			v.SetZero()
			return
		}
		n = max(n, 0)
		v.Set(reflect.MakeSlice(v.Type(), n, n))
		for i := range n {
			f.fill(v.Index(i))
		}
	case reflect.Struct:
		if d, ok := reflect.TypeAssert[interface{ Default() }](v.Addr()); ok {
			d.Default()
		}
		for i := range v.NumField() {
			if !f.skip[v.Type().Field(i).Name] {
				f.fill(v.Field(i))
			}
		}
	}
}

func (f *filler) text() string {
	n := f.rng.IntN(6)
	if f.rng.IntN(50) == 0 {
		n = 120 + f.rng.IntN(200) // a length of two bytes as a varint
	}
	b := make([]byte, n)
	for i := range b {
		b[i] = byte('a' + f.rng.IntN(26))
	}
	return string(b)
}
