package api

// routes lists every API key that is served: what stands here is advertised.
func (h *Handlers) routes() []Route {
	return []Route{
		h.produceRoute(),
		h.fetchRoute(),
		route(h.listOffsets),
		route(h.apiVersions),
		route(h.deleteRecords),
		route(h.initProducerID),
		route(h.offsetForLeaderEpoch),
		route(h.describeLogDirs),
		route(h.describeProducers),
		route(h.metadata),
		route(h.createTopics).from(0),
		route(h.deleteTopics).from(0),
		route(h.createPartitions),
		route(h.describeConfigs).from(0),
		route(h.alterConfigs),
		route(h.incrementalAlterConfigs),
		route(h.electLeaders),
		route(h.alterPartitionReassignments),
		route(h.listPartitionReassignments),
		route(h.describeQuorum),
		route(h.updateFeatures),
		route(h.describeCluster),
		route(h.listConfigResources),
		route(h.describeTopicPartitions),
	}
}
