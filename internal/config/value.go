package config

import (
	"math"
	"slices"
	"strconv"
	"strings"
	"unicode"
)

// value is a parsed value: the text as DescribeConfigs shows it, and the
// number, flag or list that it stands for. The zero value with null set is
// Kafka's null.
type value struct {
	null bool
	text string
	num  float64 // Int, Short, Double; Long too, for ranges
	long int64   // Int, Short, Long
	flag bool
	list []string
}

// parseValue reads text as Kafka's ConfigDef.parseType does: trimmed, with
// Java's notion of a number, without the key's check.
func (k *Key) parseValue(text string) (value, error) {
	trimmed := trim(text)
	switch k.Type {
	case Boolean:
		switch {
		case strings.EqualFold(trimmed, "true"):
			return value{text: "true", flag: true}, nil
		case strings.EqualFold(trimmed, "false"):
			return value{text: "false"}, nil
		}
		return value{}, invalid(k.Name, text, "Expected value to be either true or false")
	case Int:
		return k.parseInteger(text, trimmed, 32, "INT")
	case Short:
		return k.parseInteger(text, trimmed, 16, "SHORT")
	case Long:
		return k.parseInteger(text, trimmed, 64, "LONG")
	case Double:
		f, err := parseJavaDouble(trimmed)
		if err != nil {
			return value{}, invalid(k.Name, text, "Not a number of type DOUBLE")
		}
		return value{text: javaDouble(f), num: f}, nil
	case List:
		list := splitList(trimmed)
		return value{text: strings.Join(list, ","), list: list}, nil
	case String, Class, Password, Unknown:
		return value{text: trimmed}, nil
	}
	return value{text: trimmed}, nil
}

func (k *Key) parseInteger(text, trimmed string, bits int, name string) (value, error) {
	digits := trimmed
	if strings.HasPrefix(digits, "+") && len(digits) > 1 && digits[1] != '-' && digits[1] != '+' {
		digits = digits[1:]
	}
	n, err := strconv.ParseInt(digits, 10, bits)
	if err != nil || strings.ContainsRune(digits, '_') {
		return value{}, invalid(k.Name, text, "Not a number of type "+name)
	}
	return value{text: strconv.FormatInt(n, 10), long: n, num: float64(n)}, nil
}

// Parse reads and checks one value of this key. The error's sentence is the
// one that Kafka gives.
func (k *Key) parse(text string) (value, error) {
	v, err := k.parseValue(text)
	if err != nil {
		return value{}, err
	}
	if k.Check.kind == checkList {
		v = v.distinct()
	}
	return v, k.Check.ensure(k.Name, v)
}

// distinct is a list with each entry once: Kafka drops what is named twice,
// where it does not refuse it (ValidateDynamic).
func (v value) distinct() value {
	list := make([]string, 0, len(v.list))
	for _, s := range v.list {
		if !slices.Contains(list, s) {
			list = append(list, s)
		}
	}
	return value{text: strings.Join(list, ","), list: list}
}

// Validate says whether text is a valid value of this key, in Kafka's words.
func (k *Key) Validate(text string) error {
	_, err := k.parse(text)
	return err
}

// defaultValue is the key's default, parsed. The table is tested, so that a
// default always parses.
func (k *Key) defaultValue() value {
	if k.Null || k.Required {
		return value{null: true}
	}
	v, err := k.parseValue(k.Default)
	if err != nil {
		panic("config: the table's default of " + k.Name + ": " + err.Error())
	}
	return v
}

// trim cuts what Java's String.trim cuts: everything up to and with space.
func trim(s string) string {
	return strings.TrimFunc(s, func(r rune) bool { return r <= ' ' })
}

// splitList cuts a trimmed list at commas with white space around them. The
// empty string is the empty list; an empty entry stays (and is refused).
func splitList(s string) []string {
	if s == "" {
		return []string{}
	}
	parts := strings.Split(s, ",")
	for i, p := range parts {
		if i > 0 {
			p = strings.TrimLeftFunc(p, isJavaSpace)
		}
		if i < len(parts)-1 {
			p = strings.TrimRightFunc(p, isJavaSpace)
		}
		parts[i] = p
	}
	return parts
}

func isJavaSpace(r rune) bool { return r <= unicode.MaxASCII && unicode.IsSpace(r) }

// parseJavaDouble accepts what Double.parseDouble accepts, without its
// hexadecimal form.
func parseJavaDouble(s string) (float64, error) {
	if strings.ContainsAny(s, "_xXpP") || strings.EqualFold(strings.TrimLeft(s, "+-"), "inf") {
		return 0, strconv.ErrSyntax
	}
	switch strings.TrimLeft(s, "+-") {
	case "Infinity", "NaN":
	default:
		s = strings.TrimRight(s, "dDfF")
		if strings.ContainsAny(strings.TrimLeft(s, "+-"), "nNiI") {
			return 0, strconv.ErrSyntax
		}
	}
	f, err := strconv.ParseFloat(s, 64)
	if err != nil && !math.IsInf(f, 0) {
		return 0, err //nolint:wrapcheck // the caller words it
	}
	return f, nil
}

// javaDouble prints f as Double.toString does.
func javaDouble(f float64) string {
	switch {
	case math.IsNaN(f):
		return "NaN"
	case math.IsInf(f, 1):
		return "Infinity"
	case math.IsInf(f, -1):
		return "-Infinity"
	case f == 0:
		if math.Signbit(f) {
			return "-0.0"
		}
		return "0.0"
	}
	if a := math.Abs(f); a >= 1e-3 && a < 1e7 {
		s := strconv.FormatFloat(f, 'f', -1, 64)
		if !strings.Contains(s, ".") {
			s += ".0"
		}
		return s
	}
	mantissa, exponent, _ := strings.Cut(strconv.FormatFloat(f, 'e', -1, 64), "e")
	if !strings.Contains(mantissa, ".") {
		mantissa += ".0"
	}
	sign := ""
	if exponent[0] == '-' {
		sign = "-"
	}
	return mantissa + "E" + sign + strings.TrimLeft(exponent, "+-0")
}

// repeats says whether text is a list that names an entry twice.
func (k *Key) repeats(text string) bool {
	list := splitList(trim(text))
	return k.Type == List && k.Check.kind == checkList && len(value{list: list}.distinct().list) != len(list)
}
