package commands

import "testing"

func TestCluster(t *testing.T) {
	Compare(t, world(t), Script{
		Name: "cluster", Class: "org.apache.kafka.tools.ClusterTool", Command: "cluster",
		Steps: []Step{
			{Args: "cluster-id --bootstrap-server BROKER"},
			{Args: "cluster-id --bootstrap-server BROKER --no-such-flag", CodeOnly: true},
			{Args: "cluster-id", CodeOnly: true},
		},
	})
}
