package java

import (
	"errors"
	"fmt"
	"strings"
	"time"
)

// DateFormat is a java.text.SimpleDateFormat in English, with weeks that begin
// on Sunday as in the United States. A zone's name is its abbreviation, also
// where Java would write it out (zzzz).
type DateFormat struct{ parts []datePart }

// datePart is a run of one pattern letter, or, where the letter is 0, text.
type datePart struct {
	letter byte
	count  int
	text   string
}

// NewDateFormat reads a pattern, such as "yyyy-MM-dd HH:mm:ss:SSS". Errors are
// worded as Java's.
func NewDateFormat(pattern string) (*DateFormat, error) {
	f := new(DateFormat)
	for i := 0; i < len(pattern); {
		c := pattern[i]
		switch {
		case c == '\'':
			text, next, err := quoted(pattern, i)
			if err != nil {
				return nil, err
			}
			f.parts = append(f.parts, datePart{text: text})
			i = next
		case c|0x20 >= 'a' && c|0x20 <= 'z':
			n := run(pattern[i:])
			if !strings.ContainsRune("GyMwWDdFEaHkKhmsSzZYuXL", rune(c)) {
				return nil, fmt.Errorf("Illegal pattern character '%c'", c)
			}
			if c == 'X' && n > 3 {
				return nil, fmt.Errorf("invalid ISO 8601 format: length=%d", n)
			}
			f.parts = append(f.parts, datePart{letter: c, count: n})
			i += n
		default:
			f.parts = append(f.parts, datePart{text: pattern[i : i+1]})
			i++
		}
	}
	return f, nil
}

// run is how often the first byte of s is repeated.
func run(s string) int {
	n := 1
	for n < len(s) && s[n] == s[0] {
		n++
	}
	return n
}

// quoted reads text in single quotes from i on; two of them are one. next is
// the index behind it.
func quoted(pattern string, i int) (text string, next int, err error) {
	if strings.HasPrefix(pattern[i:], "''") {
		return "'", i + 2, nil
	}
	var b strings.Builder
	for i++; i < len(pattern); i++ {
		if pattern[i] != '\'' {
			b.WriteByte(pattern[i])
			continue
		}
		if i+1 < len(pattern) && pattern[i+1] == '\'' {
			b.WriteByte('\'')
			i++
			continue
		}
		return b.String(), i + 1, nil
	}
	return "", 0, errors.New("Unterminated quote")
}

// Format is t in the zone that it has.
func (f *DateFormat) Format(t time.Time) string {
	var b strings.Builder
	for _, p := range f.parts {
		if p.letter == 0 {
			b.WriteString(p.text)
			continue
		}
		b.WriteString(field(p.letter, p.count, t))
	}
	return b.String()
}

// field is one field of a date. Letters that are numbers have at least count
// digits.
func field(letter byte, count int, t time.Time) string {
	number := func(n int) string { return fmt.Sprintf("%0*d", count, n) }
	hour := t.Hour()
	switch letter {
	case 'G':
		return "AD"
	case 'y':
		return year(t.Year(), count)
	case 'Y':
		_, y := week(t)
		return year(y, count)
	case 'M', 'L':
		return name(t.Month().String(), count, 3, number(int(t.Month())))
	case 'E':
		return name(t.Weekday().String(), max(count, 3), 3, "")
	case 'a':
		return t.Format("PM")
	case 'z':
		return t.Format("MST")
	case 'Z':
		return t.Format("-0700")
	case 'X':
		return t.Format([]string{"Z07", "Z0700", "Z07:00"}[count-1])
	case 'w':
		w, _ := week(t)
		return number(w)
	case 'W':
		first := t.AddDate(0, 0, 1-t.Day())
		return number((t.Day()-1+int(first.Weekday()))/7 + 1)
	case 'D':
		return number(t.YearDay())
	case 'd':
		return number(t.Day())
	case 'F':
		return number((t.Day()-1)/7 + 1)
	case 'u':
		return number((int(t.Weekday())+6)%7 + 1)
	case 'H':
		return number(hour)
	case 'k':
		return number((hour+23)%24 + 1)
	case 'K':
		return number(hour % 12)
	case 'h':
		return number((hour+11)%12 + 1)
	case 'm':
		return number(t.Minute())
	case 's':
		return number(t.Second())
	default: // S
		return number(t.Nanosecond() / int(time.Millisecond))
	}
}

func year(y, count int) string {
	if count == 2 {
		y %= 100
	}
	return fmt.Sprintf("%0*d", count, y)
}

// name is a month's or a day's name: short, whole where there are more letters
// than the short form has, or a number where there are fewer.
func name(whole string, count, short int, number string) string {
	switch {
	case count > short:
		return whole
	case count == short:
		return whole[:short]
	}
	return number
}

// week is the number of the week and the year that it belongs to: the week of
// January 1 is the first.
func week(t time.Time) (number, year int) {
	saturday := t.AddDate(0, 0, 6-int(t.Weekday()))
	if saturday.Year() > t.Year() {
		return 1, saturday.Year()
	}
	first := t.AddDate(0, 0, 1-t.YearDay())
	return (t.YearDay()-1+int(first.Weekday()))/7 + 1, t.Year()
}
