package client

import (
	"errors"
	"fmt"
	"strings"
)

// jaas is a line of sasl.jaas.config: a login module, a flag, options:
//
//	org.apache.kafka.common.security.plain.PlainLoginModule required username="alice" password="it's";
type jaas struct {
	module  string // the class
	options map[string]string
}

// parseJAAS reads a line of sasl.jaas.config, as java.io.StreamTokenizer parts
// it: words, and text in double or single quotes with backslashes for escapes.
func parseJAAS(line string) (jaas, error) {
	j := jaas{options: make(map[string]string)}
	words, err := jaasWords(line)
	if err != nil || len(words) == 0 {
		return j, err
	}
	if len(words) < 3 || words[len(words)-1] != ";" {
		return j, errors.New(`want "Class required option=\"value\" ... ;" with a semicolon at the end`)
	}
	j.module = words[0]
	switch strings.ToLower(words[1]) {
	case "required", "requisite", "sufficient", "optional":
	default:
		return j, fmt.Errorf("%q: want required, requisite, sufficient or optional behind the class", words[1])
	}
	rest := words[2:]
	for ; rest[0] != ";"; rest = rest[3:] {
		if len(rest) < 4 || rest[1] != "=" {
			return j, fmt.Errorf("%q: want option=\"value\"", rest[0])
		}
		j.options[rest[0]] = rest[2]
	}
	if len(rest) > 1 {
		return j, fmt.Errorf("%q: want one login module, not several", rest[1])
	}
	return j, nil
}

// jaasWords parts a line into words, "=" and ";".
func jaasWords(line string) ([]string, error) {
	var words []string
	for i := 0; i < len(line); {
		switch c := line[i]; c {
		case ' ', '\t', '\n', '\r':
			i++
		case '=', ';':
			words = append(words, string(c))
			i++
		case '"', '\'':
			word, used, err := quoted(line[i:])
			if err != nil {
				return nil, err
			}
			words = append(words, word)
			i += used
		default:
			n := strings.IndexAny(line[i:], " \t\r\n=;\"'")
			if n < 0 {
				n = len(line) - i
			}
			words = append(words, line[i:i+n])
			i += n
		}
	}
	return words, nil
}

// quoted reads the text between two quotes, and says how many bytes it took.
func quoted(text string) (string, int, error) {
	var out strings.Builder
	for i := 1; i < len(text); i++ {
		switch c := text[i]; {
		case c == text[0]:
			return out.String(), i + 1, nil
		case c == '\\' && i+1 < len(text):
			i++
			out.WriteByte(escaped(text[i]))
		default:
			out.WriteByte(c)
		}
	}
	return "", 0, fmt.Errorf("a quote %c is not closed", text[0])
}

func escaped(c byte) byte {
	switch c {
	case 'n':
		return '\n'
	case 't':
		return '\t'
	case 'r':
		return '\r'
	}
	return c
}
