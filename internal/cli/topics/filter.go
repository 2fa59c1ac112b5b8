package topics

import (
	"fmt"
	"math"
	"regexp"
	"slices"
	"strconv"

	"github.com/gregor-stream/gregor/internal/cli/java"
)

// partitionFilter lets through what one of its rules lets through.
type partitionFilter []rule

// rule is a pattern of topics, and which of their partitions: those from low
// up to and without high, or those listed; none listed means all.
type rule struct {
	topics    *java.Pattern
	low, high int32
	listed    []int32
}

func (f partitionFilter) topic(name string) bool {
	return slices.ContainsFunc(f, func(r rule) bool { return r.topics.Match(name) })
}

func (f partitionFilter) partition(topic string, number int32) bool {
	return slices.ContainsFunc(f, func(r rule) bool {
		return r.topics.Match(topic) && number >= r.low && number < r.high &&
			(len(r.listed) == 0 || slices.Contains(r.listed, number))
	})
}

// parseTopicAndPartitions reads --topic and --partitions.
func parseTopicAndPartitions(topic string, given bool, partitions string) (partitionFilter, error) {
	if !given {
		topic = ".*"
	}
	pattern, err := java.IncludeList(topic)
	if err != nil {
		return nil, err
	}
	r := rule{topics: pattern, high: math.MaxInt32}
	if partitions == "" {
		return partitionFilter{r}, nil
	}
	for _, word := range java.Split(partitions, ",") {
		n, err := strconv.ParseInt(word, 10, 32)
		if err != nil {
			return nil, fmt.Errorf("--partitions expects a comma separated list of numeric partition ids, but received: %s", partitions)
		}
		r.listed = append(r.listed, int32(n))
	}
	return partitionFilter{r}, nil
}

// parsePatterns reads --topic-partitions: pattern, pattern:5, pattern:0-3,
// :5- and so on, parted by commas.
func parsePatterns(text string) (partitionFilter, error) {
	shape := regexp.MustCompile(`^([^:,]*)(?::(?:([0-9]*)|(?:([0-9]*)-([0-9]*))))?$`)
	var f partitionFilter
	for _, spec := range java.Split(text, ",") {
		m := shape.FindStringSubmatch(spec)
		if m == nil {
			return nil, fmt.Errorf("Invalid rule specification: %s", spec)
		}
		if m[1] == "" {
			m[1] = ".*"
		}
		r := rule{high: math.MaxInt32}
		var err error
		if r.topics, err = java.IncludeList(m[1]); err != nil {
			return nil, err
		}
		for i, to := range map[int]*int32{3: &r.low, 4: &r.high} {
			if m[i] != "" {
				if *to, err = number(m[i]); err != nil {
					return nil, err
				}
			}
		}
		if m[2] != "" {
			if r.low, err = number(m[2]); err != nil {
				return nil, err
			}
			r.listed = []int32{r.low}
		}
		f = append(f, r)
	}
	return f, nil
}

func number(digits string) (int32, error) {
	n, err := strconv.ParseInt(digits, 10, 32)
	if err != nil {
		return 0, java.NotANumber(digits)
	}
	return int32(n), nil
}
