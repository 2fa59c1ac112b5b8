package metadata

import (
	"fmt"
	"slices"
	"strings"

	"github.com/gregor-stream/gregor/internal/kafka"
	"github.com/gregor-stream/gregor/internal/msg"
)

func (b *builder) registerBroker(r *msg.RegisterBrokerRecord) {
	broker := &Broker{
		ID: kafka.NodeID(r.BrokerId), Epoch: r.BrokerEpoch, Incarnation: r.IncarnationId, Rack: r.Rack,
		Fenced: r.Fenced, InControlledShutdown: r.InControlledShutdown, MigratingZk: r.IsMigratingZkBroker,
		LogDirs: sortedDirs(r.LogDirs), CordonedLogDirs: sortedDirs(r.CordonedLogDirs),
	}
	for _, e := range r.EndPoints {
		broker.Endpoints = append(broker.Endpoints, Endpoint{
			Listener: e.Name, Host: e.Host, Port: e.Port, Protocol: SecurityProtocol(e.SecurityProtocol),
		})
	}
	for _, f := range r.Features {
		broker.Features = append(broker.Features, FeatureRange{
			Name: f.Name, VersionRange: VersionRange{Min: f.MinSupportedVersion, Max: f.MaxSupportedVersion},
		})
	}
	sortFeatures(broker.Features)
	b.img.Cluster.brokers = b.img.Cluster.brokers.with(number(r.BrokerId), broker)
	note(&b.brokers, broker.ID)
}

func (b *builder) registerController(r *msg.RegisterControllerRecord) {
	controller := &Controller{
		ID: kafka.NodeID(r.ControllerId), Incarnation: r.IncarnationId, ZkMigrationReady: r.ZkMigrationReady,
	}
	for _, e := range r.EndPoints {
		controller.Endpoints = append(controller.Endpoints, Endpoint{
			Listener: e.Name, Host: e.Host, Port: e.Port, Protocol: SecurityProtocol(e.SecurityProtocol),
		})
	}
	for _, f := range r.Features {
		controller.Features = append(controller.Features, FeatureRange{
			Name: f.Name, VersionRange: VersionRange{Min: f.MinSupportedVersion, Max: f.MaxSupportedVersion},
		})
	}
	sortFeatures(controller.Features)
	b.img.Cluster.controllers = b.img.Cluster.controllers.with(number(r.ControllerId), controller)
	note(&b.controllers, controller.ID)
}

func sortFeatures(features []FeatureRange) {
	slices.SortFunc(features, func(a, b FeatureRange) int { return strings.Compare(a.Name, b.Name) })
}

// sortedDirs is a sorted copy; nil stays nil, empty stays empty.
func sortedDirs(dirs []kafka.UUID) []kafka.UUID {
	own := slices.Clone(dirs)
	slices.SortFunc(own, compareUUID)
	return own
}

// changeBroker changes the registration of a broker that the record names by
// id and epoch.
func (b *builder) changeBroker(id int32, epoch int64, change func(next *Broker) error) error {
	broker, ok := b.img.Cluster.Broker(kafka.NodeID(id))
	if !ok {
		return fmt.Errorf("broker %d is not registered", id)
	}
	if broker.Epoch != epoch {
		return fmt.Errorf("broker %d is registered with epoch %d, the record says %d", id, broker.Epoch, epoch)
	}
	next := *broker
	if err := change(&next); err != nil {
		return err
	}
	b.img.Cluster.brokers = b.img.Cluster.brokers.with(number(id), &next)
	note(&b.brokers, kafka.NodeID(id))
	return nil
}

func (b *Broker) change(r *msg.BrokerRegistrationChangeRecord) error {
	switch r.Fenced {
	case 0:
	case 1:
		b.Fenced = true
	case -1:
		b.Fenced = false
	default:
		return fmt.Errorf("broker %d: fenced is %d, want -1, 0 or 1", r.BrokerId, r.Fenced)
	}
	switch r.InControlledShutdown {
	case 0:
	case 1:
		b.InControlledShutdown = true
	default:
		return fmt.Errorf("broker %d: in controlled shutdown is %d, want 0 or 1", r.BrokerId, r.InControlledShutdown)
	}
	if len(r.LogDirs) > 0 {
		b.LogDirs = sortedDirs(r.LogDirs)
	}
	if r.CordonedLogDirs != nil {
		b.CordonedLogDirs = sortedDirs(r.CordonedLogDirs)
	}
	return nil
}
