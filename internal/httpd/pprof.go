package httpd

import (
	"fmt"
	"net/http"
	"runtime"
	"runtime/pprof"
	"runtime/trace"
	"strconv"
	"time"
)

// pprofMax is the longest profile over time.
const pprofMax = time.Minute

// profiles serves what `go tool pprof` asks for. It does not use net/http/pprof,
// which would put itself into the default mux of every program that embeds a
// broker.
func (s *Server) profiles(mux *http.ServeMux) {
	mux.HandleFunc("GET /debug/pprof/{$}", s.profileIndex)
	mux.HandleFunc("GET /debug/pprof/profile", s.profile)
	mux.HandleFunc("GET /debug/pprof/trace", s.trace)
	mux.HandleFunc("GET /debug/pprof/{name}", s.namedProfile)
}

func (s *Server) profileIndex(w http.ResponseWriter, _ *http.Request) {
	lines := []string{"profile?seconds=N (processor)", "trace?seconds=N"}
	for _, p := range pprof.Profiles() {
		lines = append(lines, fmt.Sprintf("%s?debug=1 (%d)", p.Name(), p.Count()))
	}
	plain(w, http.StatusOK, lines...)
}

// seconds is how long a profile shall be taken: 0 for what is no number of
// seconds up to pprofMax.
func seconds(r *http.Request, otherwise int) time.Duration {
	n := otherwise
	if text := r.FormValue("seconds"); text != "" {
		n, _ = strconv.Atoi(text)
	}
	d := time.Duration(n) * time.Second
	if n <= 0 || d > pprofMax {
		return 0
	}
	return d
}

// over runs something for a while, or until the client or the server goes.
func (s *Server) over(w http.ResponseWriter, r *http.Request, otherwise int, start func() error, stop func()) {
	d := seconds(r, otherwise)
	if d == 0 {
		plain(w, http.StatusBadRequest, fmt.Sprintf("seconds is a number from 1 to %d", int(pprofMax.Seconds())))
		return
	}
	w.Header().Set("Content-Type", "application/octet-stream")
	if err := start(); err != nil {
		plain(w, http.StatusConflict, err.Error())
		return
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-r.Context().Done():
	case <-s.ctx.Done():
	}
	stop()
}

func (s *Server) profile(w http.ResponseWriter, r *http.Request) {
	s.over(w, r, 30, func() error { return pprof.StartCPUProfile(w) }, pprof.StopCPUProfile)
}

func (s *Server) trace(w http.ResponseWriter, r *http.Request) {
	s.over(w, r, 1, func() error { return trace.Start(w) }, trace.Stop)
}

func (s *Server) namedProfile(w http.ResponseWriter, r *http.Request) {
	name := r.PathValue("name")
	p := pprof.Lookup(name)
	if p == nil {
		plain(w, http.StatusNotFound, fmt.Sprintf("there is no profile %q; /debug/pprof/ lists them", name))
		return
	}
	if name == "heap" && r.FormValue("gc") == "1" {
		runtime.GC()
	}
	debug, _ := strconv.Atoi(r.FormValue("debug"))
	if debug > 0 {
		w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	} else {
		w.Header().Set("Content-Type", "application/octet-stream")
	}
	_ = p.WriteTo(w, debug) // the client is gone
}
