package httpd

import (
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"slices"
	"strings"
)

// levels lists the loggers with their levels, a line each.
func (s *Server) levels(w http.ResponseWriter, _ *http.Request) {
	all := s.cfg.Loggers.Levels()
	lines := make([]string, 0, len(all))
	for _, name := range slices.Sorted(maps.Keys(all)) {
		lines = append(lines, name+" "+all[name])
	}
	plain(w, http.StatusOK, lines...)
}

// isLevel says whether there is such a level (KIP-412).
func isLevel(level string) bool {
	switch level {
	case "TRACE", "DEBUG", "INFO", "WARN", "ERROR", "FATAL":
		return true
	}
	return false
}

// setLevel changes the level of a logger, or has it follow root again. It is
// for who is on this machine: the listener asks nobody for a password, and
// kafka-configs.sh --entity-type broker-loggers does the same from elsewhere.
func (s *Server) setLevel(w http.ResponseWriter, r *http.Request) {
	if !fromHere(r) {
		plain(w, http.StatusForbidden, "levels are changed here from the broker's own machine only; from elsewhere use kafka-configs.sh --entity-type broker-loggers")
		return
	}
	name := r.PathValue("logger")
	all := s.cfg.Loggers.Levels()
	if _, ok := all[name]; !ok {
		plain(w, http.StatusNotFound, fmt.Sprintf("there is no logger %q; there are %s", name, strings.Join(slices.Sorted(maps.Keys(all)), ", ")))
		return
	}
	level := ""
	if r.Method == http.MethodPut {
		body, err := io.ReadAll(r.Body)
		level = strings.ToUpper(strings.TrimSpace(string(body)))
		if err != nil || !isLevel(level) {
			plain(w, http.StatusBadRequest, "send a level: TRACE, DEBUG, INFO, WARN, ERROR or FATAL")
			return
		}
	}
	s.cfg.Loggers.SetLevel(name, level)
	level = s.cfg.Loggers.Levels()[name]
	s.cfg.Log.Warn("the level of a logger was changed", "logger", name, "level", level)
	plain(w, http.StatusOK, name+" "+level)
}

// fromHere says whether a request comes from this machine, by the address of
// the connection, and for this machine, by the name that was asked for: a name
// that somebody else points here is not meant.
func fromHere(r *http.Request) bool {
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		return false
	}
	if ip := net.ParseIP(host); ip == nil || !ip.IsLoopback() {
		return false
	}
	asked := r.Host
	if h, _, err := net.SplitHostPort(asked); err == nil {
		asked = h
	}
	ip := net.ParseIP(strings.Trim(asked, "[]"))
	return asked == "localhost" || ip != nil && ip.IsLoopback()
}
