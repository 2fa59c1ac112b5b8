package controller

import (
	"fmt"
	"maps"
	"math"
	"strconv"

	"github.com/gregor-stream/gregor/internal/config"
	"github.com/gregor-stream/gregor/internal/kafka"
	"github.com/gregor-stream/gregor/internal/metadata"
	"github.com/gregor-stream/gregor/internal/msg"
)

// The types of upgrade in UpdateFeatures.
const (
	upgradeUnknown         = 0
	upgradeOnly            = 1
	upgradeSafeDowngrade   = 2
	upgradeUnsafeDowngrade = 3
)

// UpdateFeatures answers *msg.UpdateFeaturesResponse: all updates or none.
func UpdateFeatures(in Input, req *msg.UpdateFeaturesRequest, version int16) Result {
	resp := msg.NewUpdateFeaturesResponse()
	resp.ErrorMessage = nil
	levels := maps.Collect(in.Image.Features.All())
	for i := range req.FeatureUpdates {
		levels[req.FeatureUpdates[i].Feature] = req.FeatureUpdates[i].MaxVersionLevel
	}
	var records []metadata.Record
	elr := false
	for i := range req.FeatureUpdates {
		u := &req.FeatureUpdates[i]
		how := u.UpgradeType
		if version == 0 {
			how = upgradeOnly
			if u.AllowDowngrade {
				how = upgradeSafeDowngrade
			}
		}
		record, err := in.updateFeature(u.Feature, u.MaxVersionLevel, how, levels)
		if err != nil {
			message := "The update failed for all features since the following feature had an error: " + *kafka.MessageOf(err)
			resp.ErrorCode, resp.ErrorMessage = int16(kafka.CodeOf(err)), &message
			return Result{Response: resp}
		}
		if record.Message != nil {
			records = append(records, record)
		}
		elr = elr || u.Feature == metadata.EligibleLeaderReplicas && u.MaxVersionLevel > 0
	}
	if version <= 1 {
		for i := range req.FeatureUpdates {
			resp.Results = append(resp.Results, msg.UpdateFeaturesResponseUpdatableFeatureResult{Feature: req.FeatureUpdates[i].Feature})
		}
	}
	if req.ValidateOnly {
		return Result{Response: resp}
	}
	if elr {
		records = append(in.elrSafety(), records...)
	}
	return Result{Records: records, Response: resp}
}

// updateFeature judges one update, and makes its record.
func (in *Input) updateFeature(name string, level int16, how int8, levels map[string]int16) (metadata.Record, error) {
	refuse := func(reason string) (metadata.Record, error) {
		return metadata.Record{}, kafka.Errorf(kafka.ErrInvalidUpdateVersion,
			"Invalid update version %d for feature %s. %s", level, name, reason)
	}
	current := in.Image.Features.Level(name)
	if name == metadata.KRaftVersion {
		current = in.Env.KRaftVersion
	}
	if how < upgradeOnly || how > upgradeUnsafeDowngrade {
		return refuse("The controller does not support the given upgrade type.")
	}
	if level < 0 {
		return refuse("A feature version cannot be less than 0.")
	}
	if reason := in.unsupported(name, level); reason != "" {
		return refuse(reason)
	}
	switch {
	case level < current && how == upgradeOnly:
		return refuse("Can't downgrade the version of this feature without setting the upgrade type to either safe or unsafe downgrade.")
	case level > current && how != upgradeOnly:
		return refuse("Can't downgrade to a newer version.")
	}
	switch name {
	case metadata.MetadataVersion:
		return updateMetadataVersion(current, level, how == upgradeUnsafeDowngrade)
	case metadata.KRaftVersion:
		switch {
		case level == current:
			return metadata.Record{}, nil
		case how != upgradeOnly:
			return refuse("Can't downgrade the version of this feature.")
		}
		return refuse("The voters of this cluster are static: give it dynamic voters when it is formatted.")
	}
	if reason := dependency(name, level, levels); reason != "" {
		return refuse(reason)
	}
	return metadata.Record{Message: &msg.FeatureLevelRecord{Name: name, FeatureLevel: level}}, nil
}

// unsupported says who does not support a level of a feature; "" if all do.
func (in *Input) unsupported(name string, level int16) string {
	check := func(who string, features []metadata.FeatureRange) string {
		for _, f := range features {
			switch {
			case f.Name != name:
			case level >= f.Min && level <= f.Max:
				return ""
			case f.Max == 0:
				return who + " does not support this feature."
			default:
				return fmt.Sprintf("%s only supports versions %d-%d", who, f.Min, f.Max)
			}
		}
		if level == 0 {
			return ""
		}
		return who + " does not support this feature."
	}
	if reason := check("Local controller "+strconv.Itoa(int(in.Env.NodeID)), in.Env.Features); reason != "" {
		return reason
	}
	for b := range in.Image.Cluster.Brokers() {
		if reason := check("Broker "+strconv.Itoa(int(b.ID)), b.Features); reason != "" {
			return reason
		}
	}
	for c := range in.Image.Cluster.Controllers() {
		if c.ID == in.Env.NodeID {
			continue
		}
		if reason := check("Controller "+strconv.Itoa(int(c.ID)), c.Features); reason != "" {
			return reason
		}
	}
	return ""
}

// changesMetadata lists the levels of metadata.version that changed the form
// of what the log has: one cannot go back below them without loss.
func changesMetadata() []int16 { return []int16{7, 8, 11, 13, 14, 15, 17, 23, 30, 32, 33} }

func updateMetadataVersion(current, level int16, unsafe bool) (metadata.Record, error) {
	if level < metadata.MinMetadataVersion || level > metadata.LatestMetadataVersion {
		return metadata.Record{}, kafka.Errorf(kafka.ErrInvalidUpdateVersion,
			"Invalid metadata.version %d. Valid versions are from %d to %d.",
			level, metadata.MinMetadataVersion, metadata.LatestMetadataVersion)
	}
	for _, at := range changesMetadata() {
		if level >= at || at > current {
			continue
		}
		reason := "Refusing to perform the requested downgrade because it might delete metadata information."
		if unsafe {
			reason = "Unsafe metadata downgrade is not supported in this version."
		}
		return metadata.Record{}, kafka.Errorf(kafka.ErrInvalidUpdateVersion,
			"Unsupported metadata.version downgrade from %d to %d. %s", current, level, reason)
	}
	return metadata.Record{Message: &msg.FeatureLevelRecord{Name: metadata.MetadataVersion, FeatureLevel: level}}, nil
}

// dependency says which other feature a level needs; "" if all are there.
func dependency(name string, level int16, levels map[string]int16) string {
	least := int16(math.MinInt16)
	switch {
	case level < 1:
		return ""
	case name == metadata.EligibleLeaderReplicas:
		least = 23
	}
	if have := levels[metadata.MetadataVersion]; have < least {
		return fmt.Sprintf("%s could not be set to %d because it depends on metadata.version level %d", name, level, least)
	}
	return ""
}

// elrSafety makes min.insync.replicas one value for the cluster, as eligible
// leader replicas need it: the cluster's default is written out where it is
// not, and the brokers' own values go.
func (in *Input) elrSafety() []metadata.Record {
	const key = "min.insync.replicas"
	var records []metadata.Record
	if _, ok := in.Image.Configs.Get(clusterDefaults(), key); !ok {
		value := strconv.Itoa(in.Env.Config.TopicDefaults().MinInsyncReplicas)
		records = append(records, configRecord(clusterDefaults(), key, &value))
	}
	for r := range in.Image.Configs.Resources() {
		if r.Type != config.ResourceBroker || r.Name == "" {
			continue
		}
		if _, ok := in.Image.Configs.Get(r, key); ok {
			records = append(records, configRecord(r, key, nil))
		}
	}
	return records
}
