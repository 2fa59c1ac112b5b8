package client

import (
	"fmt"
	"math"
	"regexp"
	"strconv"
	"time"
)

// isoDuration reads a duration as java.time.Duration.parse does: P1DT2H3M4.5S,
// at least one part, letters in either case, and is not negative.
func isoDuration(text string) (time.Duration, error) {
	m := regexp.MustCompile(`(?i)^\+?P(?:(\d{1,9})D)?(?:T(?:(\d{1,9})H)?(?:(\d{1,9})M)?(?:(\d{1,12}(?:[.,]\d{0,9})?)S)?)?$`).FindStringSubmatch(text)
	if m == nil || m[1]+m[2]+m[3]+m[4] == "" || text[len(text)-1] == 'T' || text[len(text)-1] == 't' {
		return 0, fmt.Errorf("%q is no duration: want PnDTnHnMn.nS, such as P7D or PT1H30M", text)
	}
	seconds := 0.0
	for i, unit := range []float64{24 * 3600, 3600, 60, 1} {
		if m[i+1] == "" {
			continue
		}
		n, err := strconv.ParseFloat(regexp.MustCompile(`,`).ReplaceAllString(m[i+1], "."), 64)
		if err != nil {
			return 0, fmt.Errorf("%q is no duration: %w", text, err)
		}
		seconds += n * unit
	}
	if seconds > math.MaxInt64/float64(time.Second)-1 {
		return math.MaxInt64, nil // longer than any log
	}
	return time.Duration(seconds * float64(time.Second)), nil
}
