package logs

import (
	"bytes"
	"log/slog"
	"strings"
	"testing"

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
