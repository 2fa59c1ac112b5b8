package config

// QuickstartListen is the address of `gregor` without a file.
const QuickstartListen = "localhost:9092"

// Quickstart is the configuration of `gregor` without a file: one node that
// is broker and controller, on localhost, with its data in dir. The node is
// its own whole quorum, so that nothing needs a second port; and what Kafka
// keeps on three nodes for safety is kept on the one that there is.
func Quickstart(dir string) []Property {
	pairs := []string{
		"process.roles", "broker,controller",
		"node.id", "1",
		"listeners", "PLAINTEXT://" + QuickstartListen,
		"controller.listener.names", "CONTROLLER",
		"log.dirs", dir,
		"offsets.topic.replication.factor", "1",
		"transaction.state.log.replication.factor", "1",
		"transaction.state.log.min.isr", "1",
		"share.coordinator.state.topic.replication.factor", "1",
		"share.coordinator.state.topic.min.isr", "1",
		"group.initial.rebalance.delay.ms", "0", // one person tries it out: nobody else is about to join
	}
	properties := make([]Property, 0, len(pairs)/2)
	for i := 0; i < len(pairs); i += 2 {
		properties = append(properties, Property{Key: pairs[i], Value: pairs[i+1]})
	}
	return properties
}
