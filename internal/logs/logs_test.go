package logs

import (
	"bytes"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestALoggerFollowsRootUntilItHasALevel(t *testing.T) {
	var out bytes.Buffer
	l := New(slog.New(slog.NewTextHandler(&out, &slog.HandlerOptions{Level: levelTrace})), slog.LevelInfo, "quorum", "groups")
	quorum, groups := l.Logger("quorum").With("epoch", 3), l.Logger("groups")
	said := func() string {
		out.Reset()
		quorum.Debug("quorum-debug")
		groups.Debug("groups-debug")
		groups.Warn("groups-warn")
		l.Logger("another").Info("another-info")
		var words []string
		for line := range strings.Lines(out.String()) {
			_, rest, _ := strings.Cut(line, "msg=")
			words = append(words, strings.Fields(rest)[0])
		}
		return strings.Join(words, " ")
	}
	steps := []struct{ logger, level, want string }{
		{"", "", "groups-warn another-info"},
		{"quorum", "DEBUG", "quorum-debug groups-warn another-info"},
		{Root, "ERROR", "quorum-debug"},
		{"quorum", "", ""},
		{Root, "TRACE", "quorum-debug groups-debug groups-warn another-info"},
		{"groups", "FATAL", "quorum-debug another-info"},
		{"nobody", "DEBUG", "quorum-debug another-info"},
	}
	for _, s := range steps {
		l.SetLevel(s.logger, s.level)
		if got := said(); got != s.want {
			t.Errorf("%s=%s: %q, want %q", s.logger, s.level, got, s.want)
		}
	}
	if diff := cmp.Diff(map[string]string{"root": "TRACE", "quorum": "TRACE", "groups": "FATAL"}, l.Levels()); diff != "" {
		t.Error(diff)
	}
}

func TestTheWrappedHandlerHasTheLastWord(t *testing.T) {
	l := New(slog.New(slog.DiscardHandler), slog.LevelDebug, "quorum")
	if l.Logger("quorum").Enabled(t.Context(), slog.LevelError) {
		t.Error("a silent logger speaks")
	}
}

func TestLimiterSaysWhatItLeftOut(t *testing.T) {
	l := Limiter{Lines: 2, Period: 10 * time.Second}
	now := time.Unix(100, 0)
	for i, want := range []bool{true, true, false, false} {
		if ok, omitted := l.Allow(now); ok != want || omitted != 0 {
			t.Errorf("line %d: %v, %d left out", i, ok, omitted)
		}
		now = now.Add(time.Second)
	}
	if ok, omitted := l.Allow(now.Add(10 * time.Second)); !ok || omitted != 2 {
		t.Errorf("in the next period: %v, %d left out", ok, omitted)
	}
}
