package java

import (
	"fmt"
	"regexp"
	"strings"

	"github.com/dlclark/regexp2/v2"
)

// Pattern is a regular expression that must match a whole name.
type Pattern struct {
	plain *regexp.Regexp
	java  *regexp2.Regexp // what Go's cannot say, such as (?!__).*; nil where plain is enough
}

// IncludeList reads what Kafka's commands take for --topic and --include: a
// regular expression in which a comma stands for "or", with or without quotes
// around it (org.apache.kafka.server.util.TopicFilter). The error is Kafka's
// sentence.
func IncludeList(raw string) (*Pattern, error) {
	text := strings.TrimFunc(raw, func(r rune) bool { return r <= ' ' })
	text = strings.ReplaceAll(strings.ReplaceAll(text, ",", "|"), " ", "")
	text = strings.Trim(text, `"'`)
	plain, err := regexp.Compile(`\A(?:` + text + `)\z`)
	if err == nil {
		return &Pattern{plain: plain}, nil
	}
	java, err := regexp2.Compile(`\A(?:`+text+`)\z`, regexp2.None)
	if err != nil {
		return nil, fmt.Errorf("%s is an invalid regex.", text)
	}
	return &Pattern{java: java}, nil
}

// Match says whether all of name matches.
func (p *Pattern) Match(name string) bool {
	if p.plain != nil {
		return p.plain.MatchString(name)
	}
	ok, err := p.java.MatchString(name)
	return ok && err == nil
}
