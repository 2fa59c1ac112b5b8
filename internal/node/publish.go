package node

import (
	"strconv"

	"github.com/gregor-stream/gregor/internal/config"
	"github.com/gregor-stream/gregor/internal/metadata"
	"github.com/gregor-stream/gregor/internal/quorum"
)

// publishers are told of new metadata in this order: what decides who may do
// what, how much, and how comes before what holds data, and that before those
// who work on it.
func (n *Node) publishers() []quorum.Publisher {
	list := []quorum.Publisher{configPublisher{n}, n.set, groupPublisher{n}, transactionPublisher{n}}
	if n.telemetry != nil {
		list = append(list, n.telemetry)
	}
	return list
}

// configPublisher puts dynamic broker configuration in force.
type configPublisher struct{ n *Node }

// Publish resolves the configuration anew where it changed.
func (p configPublisher) Publish(img *metadata.Image, delta *metadata.Delta) {
	changed := false
	for _, r := range delta.Configs {
		changed = changed || r.Type == config.ResourceBroker
	}
	if !changed {
		return
	}
	defaults := img.Configs.Map(metadata.Resource{Type: config.ResourceBroker})
	own := img.Configs.Map(metadata.Resource{Type: config.ResourceBroker, Name: strconv.Itoa(int(p.n.id()))})
	next, warnings := p.n.cfg.Broker.WithDynamic(defaults, own)
	for _, w := range warnings {
		p.n.log.Warn("dynamic configuration", "warning", w)
	}
	p.n.broker.Store(next)
	if s := p.n.server.Load(); s != nil {
		s.SetLimits(serverConfig(next))
	}
}
