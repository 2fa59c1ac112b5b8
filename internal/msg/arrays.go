package msg

import (
	"unsafe"

	"github.com/gregor-stream/gregor/internal/kafka"
)

// resize returns s with n elements, in its own memory where that suffices.
// What the elements hold is left over from before: every field must be set.
func resize[T any](r *Reader, s []T, n int) []T {
	if n <= cap(s) && s != nil {
		return s[:n]
	}
	var t T
	if !r.allocate(n * int(unsafe.Sizeof(t))) {
		return nil
	}
	return make([]T, n)
}

// newStruct allocates a nullable struct.
func newStruct[T any](r *Reader) *T {
	var t T
	if !r.allocate(int(unsafe.Sizeof(t))) {
		return nil
	}
	return new(T)
}

func (r *Reader) int8s(s []int8, flex, nullable bool) []int8 { //nolint:unparam // all array readers have one shape
	n := r.arrayLength(flex, nullable, 1)
	if n < 0 {
		return nil
	}
	s = resize(r, s, n)
	for i := range s {
		s[i] = r.int8()
	}
	return s
}

func (r *Reader) int16s(s []int16, flex, nullable bool) []int16 { //nolint:unparam // all array readers have one shape
	n := r.arrayLength(flex, nullable, 2)
	if n < 0 {
		return nil
	}
	s = resize(r, s, n)
	for i := range s {
		s[i] = r.int16()
	}
	return s
}

func (r *Reader) int32s(s []int32, flex, nullable bool) []int32 {
	n := r.arrayLength(flex, nullable, 4)
	if n < 0 {
		return nil
	}
	s = resize(r, s, n)
	for i := range s {
		s[i] = r.int32()
	}
	return s
}

func (r *Reader) int64s(s []int64, flex, nullable bool) []int64 {
	n := r.arrayLength(flex, nullable, 8)
	if n < 0 {
		return nil
	}
	s = resize(r, s, n)
	for i := range s {
		s[i] = r.int64()
	}
	return s
}

func (r *Reader) uuids(s []kafka.UUID, flex, nullable bool) []kafka.UUID { //nolint:unparam // all array readers have one shape
	n := r.arrayLength(flex, nullable, 16)
	if n < 0 {
		return nil
	}
	s = resize(r, s, n)
	for i := range s {
		s[i] = r.uuid()
	}
	return s
}

func (r *Reader) strings(s []string, flex, nullable bool) []string {
	minimal := 2
	if flex {
		minimal = 1
	}
	n := r.arrayLength(flex, nullable, minimal)
	if n < 0 {
		return nil
	}
	s = resize(r, s, n)
	for i := range s {
		s[i] = r.string(s[i], flex)
	}
	return s
}
