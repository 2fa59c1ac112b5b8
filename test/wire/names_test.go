package wire

import "strconv"

func itoa(v int32) string { return strconv.Itoa(int(v)) }

func itoa64(v int64) string { return strconv.FormatInt(v, 10) }

func b2i(b bool) int64 {
	if b {
		return 1
	}
	return 0
}
