package controller

import (
	"strconv"

	"github.com/gregor-stream/gregor/internal/metadata"
	"github.com/gregor-stream/gregor/internal/msg"
)

// SupportedFeatures is the levels that this version of the software supports,
// sorted by name: what nodes register with and ApiVersions lists. They are
// those of Kafka 4.4.0.
func SupportedFeatures() []metadata.FeatureRange {
	between := func(name string, low, high int16) metadata.FeatureRange {
		return metadata.FeatureRange{Name: name, VersionRange: metadata.VersionRange{Min: low, Max: high}}
	}
	return []metadata.FeatureRange{
		between(metadata.EligibleLeaderReplicas, 0, 1),
		between(metadata.GroupVersion, 0, 1),
		between(metadata.KRaftVersion, 0, 1),
		between(metadata.MetadataVersion, metadata.MinMetadataVersion, metadata.LatestMetadataVersion),
		between(metadata.ShareVersion, 0, 2),
		between(metadata.StreamsVersion, 0, 1),
		between(metadata.TransactionVersion, 0, 2),
	}
}

// BootstrapRecords is what a freshly formatted directory begins with: the
// levels that Kafka 4.4.0 finalizes by default. They stand in
// bootstrap.checkpoint, and the first leader writes them to the log.
func BootstrapRecords() []metadata.Record {
	level := func(name string, n int16) metadata.Record {
		return metadata.Record{Message: &msg.FeatureLevelRecord{Name: name, FeatureLevel: n}}
	}
	records := []metadata.Record{level(metadata.MetadataVersion, metadata.LatestMetadataVersion)}
	for _, f := range SupportedFeatures() {
		if f.Name != metadata.MetadataVersion && f.Name != metadata.KRaftVersion {
			records = append(records, level(f.Name, f.Max))
		}
	}
	return records
}

// Activate makes the records with which a new leader begins, and has no
// response. In a log without metadata.version they are the bootstrap records,
// in a metadata transaction; else only an AbortTransactionRecord where the
// leader before left a transaction open.
func Activate(in Input, bootstrap []metadata.Record, openTransaction bool) Result {
	var records []metadata.Record
	put := func(m metadata.Message) { records = append(records, metadata.Record{Message: m}) }
	if openTransaction {
		reason := "Controller failover"
		put(&msg.AbortTransactionRecord{Reason: &reason})
	}
	if _, ok := in.Image.MetadataLevel(); ok {
		return Result{Records: records}
	}
	if len(bootstrap) == 0 {
		bootstrap = BootstrapRecords()
	}
	var level metadata.Level
	elr := false
	for _, r := range bootstrap {
		if f, ok := r.Message.(*msg.FeatureLevelRecord); ok {
			if f.Name == metadata.MetadataVersion {
				level = metadata.Level(f.FeatureLevel)
			}
			elr = elr || f.Name == metadata.EligibleLeaderReplicas && f.FeatureLevel > 0
		}
	}
	if level.Transactions() {
		name := "Bootstrap records"
		put(&msg.BeginTransactionRecord{Name: &name})
	}
	records = append(records, bootstrap...)
	if elr { // its rules need the one min.insync.replicas that all brokers share
		value := strconv.Itoa(in.Env.Config.TopicDefaults().MinInsyncReplicas)
		records = append(records, configRecord(clusterDefaults(), "min.insync.replicas", &value))
	}
	if level.Transactions() {
		put(&msg.EndTransactionRecord{})
	}
	return Result{Records: records}
}
