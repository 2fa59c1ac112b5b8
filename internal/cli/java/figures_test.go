package java

import (
	"math"
	"testing"
	"time"
)

// What Java 17 prints.
func TestFiguresArePrintedAsJavaPrintsThem(t *testing.T) {
	for _, c := range []struct {
		v                    float64
		none, two, four, all string
	}{
		{0.125, "0", "0.13", "0.1250", "0.125"},
		{1.005, "1", "1.01", "1.0050", "1.005"},
		{2.675, "3", "2.68", "2.6750", "2.675"},
		{0.5, "1", "0.50", "0.5000", "0.5"},
		{1.5, "2", "1.50", "1.5000", "1.5"},
		{2.5, "3", "2.50", "2.5000", "2.5"},
		{-0.125, "-0", "-0.13", "-0.1250", "-0.125"},
		{0.045, "0", "0.05", "0.0450", "0.045"},
		{999.995, "1000", "1000.00", "999.9950", "999.995"},
		{999.9949, "1000", "999.99", "999.9949", "999.9949"},
		{1.0e7, "10000000", "10000000.00", "10000000.0000", "1.0E7"},
		{1.0e-5, "0", "0.00", "0.0000", "1.0E-5"},
		{0.001, "0", "0.00", "0.0010", "0.001"},
		{9.9e-4, "0", "0.00", "0.0010", "9.9E-4"},
		{1.23456789125e8, "123456789", "123456789.13", "123456789.1250", "1.23456789125E8"},
		{0.30000000000000004, "0", "0.30", "0.3000", "0.30000000000000004"},
		{4.35, "4", "4.35", "4.3500", "4.35"},
		{9.995, "10", "10.00", "9.9950", "9.995"},
		{math.NaN(), "NaN", "NaN", "NaN", "NaN"},
		{math.Inf(1), "Infinity", "Infinity", "Infinity", "Infinity"},
		{0.0, "0", "0.00", "0.0000", "0.0"},
		{1234567.8, "1234568", "1234567.80", "1234567.8000", "1234567.8"},
		{9999999.0, "9999999", "9999999.00", "9999999.0000", "9999999.0"},
		{37974.6835443038, "37975", "37974.68", "37974.6835", "37974.6835443038"},
		{85.93693300000001, "86", "85.94", "85.9369", "85.93693300000001"},
		{0.29999999999999993, "0", "0.30", "0.3000", "0.29999999999999993"},
		{math.Copysign(0, -1), "-0", "-0.00", "-0.0000", "-0.0"},
	} {
		for digits, want := range map[int]string{0: c.none, 2: c.two, 4: c.four} {
			if got := Fixed(c.v, digits); got != want {
				t.Errorf("Fixed(%v, %d) = %s, Java prints %s", c.v, digits, got, want)
			}
		}
		if got := Double(c.v); got != c.all {
			t.Errorf("Double(%v) = %s, Java prints %s", c.v, got, c.all)
		}
	}
	if got := Fixed(math.Inf(-1), 2); got != "-Infinity" {
		t.Errorf("minus infinity is %s", got)
	}
}

// What Java 17 draws.
func TestRandomNumbersAreJavas(t *testing.T) {
	const want = "YQHHNEBSEPDNSEIFGAMSUJXKOLTXSPLGHDIOYZJF"
	r, one := NewSplittableRandom(0), NewSplittableRandom(0)
	b := make([]byte, len(want))
	if r.Letters(b); string(b) != want {
		t.Errorf("letters %s, want %s", b, want)
	}
	for i := range want {
		if got := 'A' + byte(one.Intn(26)); got != want[i] {
			t.Fatalf("letter %d is %c, want %c", i, got, want[i])
		}
	}
	for i, want := range []int32{15, 39336273, 6, 737612147, 7, 245338050, 7, 387271663, 4, 261644387} {
		bound := []int32{16, 1000000007}[i%2]
		if got := r.Intn(bound); got != want {
			t.Errorf("number %d is %d, want %d", i, got, want)
		}
	}
	r = NewSplittableRandom(-42)
	for i, want := range []int32{1005871326, 450861601, 205455426, 1399637551, 1067767722, 740574028, 629172983, 133068722} {
		if got := r.Intn(1500000000); got != want {
			t.Errorf("number %d of seed -42 is %d, want %d", i, got, want)
		}
	}
	q := NewRandom(0)
	for i, want := range []int32{18, 13, 516548029, 21, 10, 663681053, 7, 1, 1283218719, 16, 5, 542832677, 21, 9, 49567875} {
		if got := q.Intn([]int32{26, 16, 1500000000}[i%3]); got != want {
			t.Errorf("number %d of java.util.Random is %d, want %d", i, got, want)
		}
	}
}

// What Java 17 prints in New York.
func TestDatesArePrintedAsJavaPrintsThem(t *testing.T) {
	newYork := time.FixedZone("EST", -5*60*60) // all of the times are in winter
	for _, c := range []struct {
		pattern string
		ms      int64
		want    string
	}{
		{"yyyy-MM-dd HH:mm:ss:SSS", 0, "1969-12-31 19:00:00:000"},
		{"yyyy-MM-dd HH:mm:ss:SSS", 1795645532624, "2026-11-25 17:25:32:624"},
		{"yyyy-MM-dd HH:mm:ss:SSS", 1735621201007, "2024-12-31 00:00:01:007"},
		{"yyyy-MM-dd HH:mm:ss:SSS", 1704085199999, "2023-12-31 23:59:59:999"},
		{"yy/M/d H:m:s.S", 0, "69/12/31 19:0:0.0"},
		{"yy/M/d H:m:s.S", 1795645532624, "26/11/25 17:25:32.624"},
		{"yy/M/d H:m:s.S", 1735621201007, "24/12/31 0:0:1.7"},
		{"yy/M/d H:m:s.S", 1704085199999, "23/12/31 23:59:59.999"},
		{"EEE, d MMM yyyy", 0, "Wed, 31 Dec 1969"},
		{"EEE, d MMM yyyy", 1795645532624, "Wed, 25 Nov 2026"},
		{"EEE, d MMM yyyy", 1735621201007, "Tue, 31 Dec 2024"},
		{"EEE, d MMM yyyy", 1704085199999, "Sun, 31 Dec 2023"},
		{"EEEE MMMM", 0, "Wednesday December"},
		{"EEEE MMMM", 1795645532624, "Wednesday November"},
		{"EEEE MMMM", 1735621201007, "Tuesday December"},
		{"EEEE MMMM", 1704085199999, "Sunday December"},
		{"h 'o''clock' a", 0, "7 o'clock PM"},
		{"h 'o''clock' a", 1795645532624, "5 o'clock PM"},
		{"h 'o''clock' a", 1735621201007, "12 o'clock AM"},
		{"h 'o''clock' a", 1704085199999, "11 o'clock PM"},
		{"kk KK", 0, "19 07"},
		{"kk KK", 1795645532624, "17 05"},
		{"kk KK", 1735621201007, "24 00"},
		{"kk KK", 1704085199999, "23 11"},
		{"DDD w W F u", 0, "365 1 5 5 3"},
		{"DDD w W F u", 1795645532624, "329 48 4 4 3"},
		{"DDD w W F u", 1735621201007, "366 1 5 5 2"},
		{"DDD w W F u", 1704085199999, "365 1 6 5 7"},
		{"YYYY", 0, "1970"},
		{"YYYY", 1795645532624, "2026"},
		{"YYYY", 1735621201007, "2025"},
		{"YYYY", 1704085199999, "2024"},
		{"Z X XX XXX z", 0, "-0500 -05 -0500 -05:00 EST"},
		{"Z X XX XXX z", 1795645532624, "-0500 -05 -0500 -05:00 EST"},
		{"Z X XX XXX z", 1735621201007, "-0500 -05 -0500 -05:00 EST"},
		{"Z X XX XXX z", 1704085199999, "-0500 -05 -0500 -05:00 EST"},
		{"G y", 0, "AD 1969"},
		{"G y", 1795645532624, "AD 2026"},
		{"G y", 1735621201007, "AD 2024"},
		{"G y", 1704085199999, "AD 2023"},
		{"''hh''", 0, "'07'"},
		{"''hh''", 1795645532624, "'05'"},
		{"''hh''", 1735621201007, "'12'"},
		{"''hh''", 1704085199999, "'11'"},
		{"SS SSSSS", 0, "00 00000"},
		{"SS SSSSS", 1795645532624, "624 00624"},
		{"SS SSSSS", 1735621201007, "07 00007"},
		{"SS SSSSS", 1704085199999, "999 00999"},
		{"MMMMM E", 0, "December Wed"},
		{"MMMMM E", 1795645532624, "November Wed"},
		{"MMMMM E", 1735621201007, "December Tue"},
		{"MMMMM E", 1704085199999, "December Sun"},
	} {
		f, err := NewDateFormat(c.pattern)
		if err != nil {
			t.Fatal(err)
		}
		if got := f.Format(time.UnixMilli(c.ms).In(newYork)); got != c.want {
			t.Errorf("%s of %d is %q, Java prints %q", c.pattern, c.ms, got, c.want)
		}
	}
}

func TestWrongDatePatternsAreNamedAsJavaNamesThem(t *testing.T) {
	for pattern, want := range map[string]string{
		"q":     "Illegal pattern character 'q'",
		"'a":    "Unterminated quote",
		"XXXX":  "invalid ISO 8601 format: length=4",
		"yyyyb": "Illegal pattern character 'b'",
	} {
		if _, err := NewDateFormat(pattern); err == nil || err.Error() != want {
			t.Errorf("%s: %v, want %s", pattern, err, want)
		}
	}
}

// A number above the fair ones is drawn again, whichever of the four it is.
func TestAnUnfairNumberIsDrawnAgain(t *testing.T) {
	for at := range 8 {
		// The seed that has its first unfair number at that place.
		r := NewSplittableRandom(int64(unfairSeed(t)) - int64(at)*goldenGammaSigned)
		one := *r
		b := make([]byte, 11)
		r.Letters(b)
		for i := range b {
			if want := 'A' + byte(one.Intn(26)); b[i] != want {
				t.Fatalf("unfair at %d: letter %d is %c, want %c", at, i, b[i], want)
			}
		}
		if *r != one {
			t.Errorf("unfair at %d: the seeds differ afterwards", at)
		}
	}
}

const goldenGammaSigned = -(1<<64 - goldenGamma)

// unfairSeed is a seed whose next number is above the fair ones: the mixing is
// turned around.
func unfairSeed(t *testing.T) uint64 {
	t.Helper()
	inverse := func(odd uint64) uint64 { // Newton's, modulo 2^64
		x := odd
		for range 6 {
			x *= 2 - odd*x
		}
		return x
	}
	z := uint64(fair+5) << 33 // the number is bits 33 to 63
	z *= inverse(0xcb24d0a5c88c35b3)
	z ^= z>>28 ^ z>>56
	z *= inverse(0x62a9d9ed799705f5)
	z ^= z >> 33
	if u := uint32(mix32(z)) >> 1; u <= fair {
		t.Fatalf("%d is fair", u)
	}
	return z - goldenGamma
}

func BenchmarkLetters(b *testing.B) {
	r, buf := NewSplittableRandom(0), make([]byte, 1024)
	b.SetBytes(int64(len(buf)))
	for b.Loop() {
		r.Letters(buf)
	}
}
