package groups

import (
	"strings"
	"testing"
	"time"
)

func TestDatetimesAreReadAsJavaReadsThem(t *testing.T) {
	const second = 1577836800 // 2020-01-01T00:00:00Z
	tests := map[string]int64{
		"2020-01-01T00:00:00.000":       second * 1000,
		"2020-01-01T00:00:00.5":         second*1000 + 5,
		"2020-1-1T0:0:0.250Z":           second*1000 + 250,
		"2020-01-01T02:30:00.000+02:30": second * 1000,
		"2019-12-31T22:00:00.000-02":    second * 1000,
		"2020-01-01T01:00:00.000+0100":  second * 1000, // the second half of the offset is behind what is read
	}
	for text, want := range tests {
		if got, err := parseDatetime(text); err != nil || got != want {
			t.Errorf("%s: %d, %v; want %d", text, got, err, want)
		}
	}
	for _, text := range []string{"", "2020-01-01", "2020-01-01T00:00:00", "2020-02-30T00:00:00.000", "2020-01-01T25:00:00.000", "2020-01-01T00:00:00.1000", "T", "2020-01-01T00:00:00.000+99:00"} {
		if got, err := parseDatetime(text); err == nil || !strings.Contains(err.Error(), "--to-datetime "+text) {
			t.Errorf("%q: %d, %v", text, got, err)
		}
	}
}

func TestDurationsAreReadAsJavaReadsThem(t *testing.T) {
	tests := map[string]time.Duration{
		"PT1H": time.Hour, "P1D": 24 * time.Hour, "p1dt2h3m4.5s": 26*time.Hour + 3*time.Minute + 4500*time.Millisecond,
		"-PT1M": -time.Minute, "PT-1M": -time.Minute, "PT-0.5S": -500 * time.Millisecond, "PT1,25S": 1250 * time.Millisecond, "P+2D": 48 * time.Hour,
	}
	for text, want := range tests {
		if got, err := parseDuration(text); err != nil || got != want.Milliseconds() {
			t.Errorf("%s: %d, %v; want %d", text, got, err, want.Milliseconds())
		}
	}
	for _, text := range []string{"", "P", "PT", "1h", "PT1H1", "P1M", "P1DT", "PT999999999999999999999H"} {
		if got, err := parseDuration(text); err == nil || !strings.Contains(err.Error(), "--by-duration") {
			t.Errorf("%q: %d, %v", text, got, err)
		}
	}
}
