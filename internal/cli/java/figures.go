package java

import (
	"math"
	"strconv"
	"strings"
)

// Fixed is String.format("%.<digits>f", v): the shortest decimal that is v,
// rounded HALF_UP to so many digits behind the point. digits is 0 to 20.
func Fixed(v float64, digits int) string {
	if text, ok := special(v); ok {
		return text
	}
	sign := ""
	if math.Signbit(v) {
		sign, v = "-", -v
	}
	whole, fraction := decimal(v)
	for len(fraction) < digits {
		fraction += "0"
	}
	up := len(fraction) > digits && fraction[digits] >= '5'
	all := []byte(whole + fraction[:digits])
	if up {
		all = increment(all)
	}
	point := len(all) - digits
	if digits == 0 {
		return sign + string(all)
	}
	return sign + string(all[:point]) + "." + string(all[point:])
}

// Double is Double.toString(v): at least one digit behind the point, and an
// exponent below 10^-3 and from 10^7 on. (Java before 19 sometimes printed a
// digit more than it takes to tell v from its neighbours.)
func Double(v float64) string {
	if text, ok := special(v); ok {
		return text
	}
	if a := math.Abs(v); a == 0 || a >= 1e-3 && a < 1e7 {
		text := strconv.FormatFloat(v, 'f', -1, 64)
		if !strings.Contains(text, ".") {
			text += ".0"
		}
		return text
	}
	mantissa, exponent, _ := strings.Cut(strconv.FormatFloat(v, 'e', -1, 64), "e")
	if !strings.Contains(mantissa, ".") {
		mantissa += ".0"
	}
	n, _ := strconv.Atoi(exponent) // what FormatFloat wrote
	return mantissa + "E" + strconv.Itoa(n)
}

// special is how Java prints what is no number.
func special(v float64) (string, bool) {
	switch {
	case math.IsNaN(v):
		return "NaN", true
	case math.IsInf(v, 1):
		return "Infinity", true
	case math.IsInf(v, -1):
		return "-Infinity", true
	}
	return "", false
}

// decimal is the shortest decimal that is v, which is finite and not negative:
// the digits before the point and those behind it.
func decimal(v float64) (whole, fraction string) {
	whole, fraction, _ = strings.Cut(strconv.FormatFloat(v, 'f', -1, 64), ".")
	return whole, fraction
}

// increment adds one to a number in decimal digits.
func increment(digits []byte) []byte {
	for i := len(digits) - 1; i >= 0; i-- {
		if digits[i] < '9' {
			digits[i]++
			return digits
		}
		digits[i] = '0'
	}
	return append([]byte{'1'}, digits...)
}
