// Package logs gives each room of a node a logger of its own name, and lets an
// operator change how much each says while the broker runs (Kafka's resource
// BROKER_LOGGER, KIP-412). It writes nothing itself: that is the handler's that
// it wraps. Kind: shell
package logs

import (
	"context"
	"log/slog"
	"math"
	"sync/atomic"
)

// Root is the name of the logger whose level the others follow.
const Root = "root"

// The levels of Kafka that slog does not have.
const (
	levelTrace = slog.LevelDebug - 4
	levelFatal = slog.LevelError + 4
)

// follow stands for a logger without a level of its own.
const follow = math.MinInt64

// Levels is the loggers of one node. Its methods may be called from any
// goroutine.
type Levels struct {
	inner slog.Handler
	names []string // in the order in which they were asked for, without root
	// levels has the level of root first, and then of names.
	levels []*atomic.Int64
}

// New wraps a logger, for rooms of these names. Root says at first what least
// says.
func New(log *slog.Logger, least slog.Level, names ...string) *Levels {
	l := &Levels{inner: log.Handler(), names: names}
	for range len(names) + 1 {
		level := new(atomic.Int64)
		level.Store(follow)
		l.levels = append(l.levels, level)
	}
	l.levels[0].Store(int64(least))
	return l
}

// Logger is the logger of a room, or of root where there is no such room.
func (l *Levels) Logger(name string) *slog.Logger {
	h := handler{Handler: l.inner, root: l.levels[0], own: l.levels[0]}
	if own := l.find(name); own != nil {
		h.own = own
	}
	return slog.New(h)
}

func (l *Levels) find(name string) *atomic.Int64 {
	if name == Root {
		return l.levels[0]
	}
	for i, n := range l.names {
		if n == name {
			return l.levels[i+1]
		}
	}
	return nil
}

// Levels are all loggers with the level that holds for each, in Kafka's words.
func (l *Levels) Levels() map[string]string {
	out := map[string]string{Root: word(slog.Level(l.levels[0].Load()))}
	for i, n := range l.names {
		level := l.levels[i+1].Load()
		if level == follow {
			level = l.levels[0].Load()
		}
		out[n] = word(slog.Level(level))
	}
	return out
}

// SetLevel sets the level of a logger, in Kafka's words; "" makes it follow
// root again. What is not known changes nothing.
func (l *Levels) SetLevel(name, level string) {
	at := l.find(name)
	switch {
	case at == nil:
	case level == "" && name != Root:
		at.Store(follow)
	case level == "TRACE":
		at.Store(int64(levelTrace))
	case level == "DEBUG":
		at.Store(int64(slog.LevelDebug))
	case level == "INFO":
		at.Store(int64(slog.LevelInfo))
	case level == "WARN":
		at.Store(int64(slog.LevelWarn))
	case level == "ERROR":
		at.Store(int64(slog.LevelError))
	case level == "FATAL":
		at.Store(int64(levelFatal))
	}
}

func word(level slog.Level) string {
	switch {
	case level >= levelFatal:
		return "FATAL"
	case level >= slog.LevelError:
		return "ERROR"
	case level >= slog.LevelWarn:
		return "WARN"
	case level >= slog.LevelInfo:
		return "INFO"
	case level >= slog.LevelDebug:
		return "DEBUG"
	}
	return "TRACE"
}

// handler holds back what is below the level.
type handler struct {
	slog.Handler
	root, own *atomic.Int64
}

// Enabled asks the level first, and then the wrapped handler.
func (h handler) Enabled(ctx context.Context, level slog.Level) bool {
	least := h.own.Load()
	if least == follow {
		least = h.root.Load()
	}
	return int64(level) >= least && h.Handler.Enabled(ctx, level)
}

// WithAttrs keeps the level.
func (h handler) WithAttrs(attrs []slog.Attr) slog.Handler {
	h.Handler = h.Handler.WithAttrs(attrs)
	return h
}

// WithGroup keeps the level.
func (h handler) WithGroup(name string) slog.Handler {
	h.Handler = h.Handler.WithGroup(name)
	return h
}
