package api

// routes lists every API key that is served: what stands here is advertised.
func (h *Handlers) routes() []Route {
	routes := []Route{
		h.produceRoute(),
		h.fetchRoute(),
		route(h.listOffsets),
		route(h.offsetCommit),
		route(h.offsetFetch),
		route(h.findCoordinator),
		route(h.joinGroup),
		route(h.heartbeat),
		route(h.leaveGroup),
		route(h.syncGroup),
		route(h.describeGroups),
		route(h.listGroups),
		route(h.deleteGroups),
		route(h.offsetDelete),
		route(h.apiVersions),
		route(h.deleteRecords),
		route(h.initProducerID),
		route(h.addPartitionsToTxn),
		route(h.addOffsetsToTxn),
		route(h.endTxn),
		route(h.writeTxnMarkers),
		route(h.txnOffsetCommit),
		route(h.describeTransactions),
		route(h.listTransactions),
		route(h.offsetForLeaderEpoch),
		route(h.describeLogDirs),
		route(h.describeProducers),
		route(h.metadata),
		route(h.createTopics),
		route(h.deleteTopics),
		route(h.createPartitions),
		route(h.describeConfigs),
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
	if h.Telemetry != nil { // as Kafka does with and without a receiver
		routes = append(routes, route(h.getTelemetrySubscriptions), route(h.pushTelemetry))
	}
	return routes
}
