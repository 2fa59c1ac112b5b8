package api

// routes lists every API key that is served: what stands here is advertised.
func (h *Handlers) routes() []Route {
	return []Route{
		route(h.apiVersions),
	}
}
