package groups

import (
	"fmt"
	"math"
	"math/big"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/gregor-stream/gregor/internal/cli/java"
)

// datetime is the form of --to-datetime. Fewer digits are taken as Java takes
// them: .5 is 5 ms.
const datetime = `^\s*(\d{1,9})-(\d{1,9})-(\d{1,9})T(\d{1,9}):(\d{1,9}):(\d{1,9})\.(\d{1,9})(?:Z|([+-])(\d\d)(?::(\d\d))?)`

// parseDatetime reads YYYY-MM-DDThh:mm:ss.sss, with Z or an offset such as
// +02:00 behind it, or UTC without; milliseconds since 1970 (Kafka's
// Utils.getDateTime).
func parseDatetime(text string) (int64, error) {
	parts := strings.Split(text, "T")
	if len(parts) < 2 {
		return 0, unparseable(text, "Error parsing timestamp. It does not contain a 'T' according to ISO8601 format")
	}
	zoned := text
	if !strings.ContainsAny(parts[1], "+-Z") {
		zoned += "Z"
	}
	m := regexp.MustCompile(datetime).FindStringSubmatch(zoned)
	if m == nil {
		return 0, unparseable(text, fmt.Sprintf("Unparseable date: %q", zoned))
	}
	var n [7]int
	for i := range n {
		n[i], _ = strconv.Atoi(m[i+1]) // at most nine digits
	}
	at := time.Date(n[0], time.Month(n[1]), n[2], n[3], n[4], n[5], n[6]*int(time.Millisecond), time.UTC)
	same := at.Year() == n[0] && int(at.Month()) == n[1] && at.Day() == n[2] && at.Hour() == n[3] && at.Minute() == n[4] && at.Second() == n[5]
	hours, _ := strconv.Atoi(m[9])
	minutes, _ := strconv.Atoi(m[10])
	if !same || n[6] > 999 || hours > 23 || minutes > 59 {
		return 0, unparseable(text, fmt.Sprintf("Unparseable date: %q", zoned))
	}
	offset := int64(hours*60+minutes) * time.Minute.Milliseconds()
	if m[8] == "-" {
		offset = -offset
	}
	return at.UnixMilli() - offset, nil
}

func unparseable(text, java4 string) error {
	t := &java.Thrown{Class: "java.text.ParseException", Message: java4}
	t.Cause = fmt.Errorf("--to-datetime %s: want YYYY-MM-DDThh:mm:ss.sss, such as 2026-01-31T13:00:00.000, with +01:00 behind it where it is not UTC", text)
	return t.In(java.Runtime)
}

// duration is the form of --by-duration (java.time.Duration.parse).
const duration = `(?i)^([-+]?)P(?:([-+]?\d+)D)?(T(?:([-+]?\d+)H)?(?:([-+]?\d+)M)?(?:([-+]?\d+)(?:[.,](\d{0,9}))?S)?)?$`

// parseDuration reads PnDTnHnMnS, in milliseconds, fractions of one dropped.
func parseDuration(text string) (int64, error) {
	wrong := &java.Thrown{
		Class: "java.time.format.DateTimeParseException", Message: "Text cannot be parsed to a Duration",
		Cause: fmt.Errorf("--by-duration %s: want PnDTnHnMnS, such as PT30M or P1DT12H", text),
	}
	m := regexp.MustCompile(duration).FindStringSubmatch(text)
	if m == nil || strings.EqualFold(m[3], "T") || m[2]+m[4]+m[5]+m[6] == "" {
		return 0, wrong
	}
	total := new(big.Int)
	for i, seconds := range map[int]int64{2: 86400, 4: 3600, 5: 60, 6: 1} {
		if m[i] == "" {
			continue
		}
		n, ok := new(big.Int).SetString(m[i], 10)
		if !ok {
			return 0, wrong
		}
		total.Add(total, n.Mul(n, big.NewInt(seconds*1000)))
	}
	if m[7] != "" {
		millis, _ := strconv.ParseInt((m[7] + "000")[:3], 10, 64)
		if strings.HasPrefix(m[6], "-") {
			millis = -millis
		}
		total.Add(total, big.NewInt(millis))
	}
	if m[1] == "-" {
		total.Neg(total)
	}
	if !total.IsInt64() || total.Int64() == math.MinInt64 {
		return 0, wrong
	}
	return total.Int64(), nil
}
