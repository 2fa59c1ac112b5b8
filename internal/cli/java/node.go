package java

import "fmt"

// Node is a broker as Kafka's client knows it.
type Node struct {
	ID     int32
	Host   string
	Port   int32
	Rack   *string
	Fenced bool
}

// String is Node.toString.
func (n Node) String() string {
	rack := "null"
	if n.Rack != nil {
		rack = *n.Rack
	}
	return fmt.Sprintf("%s:%d (id: %d rack: %s isFenced: %v)", n.Host, n.Port, n.ID, rack, n.Fenced)
}

// HashNode is Node.hashCode.
func HashNode(n Node) int32 {
	rack, fenced := int32(0), int32(1237)
	if n.Rack != nil {
		rack = Hash(*n.Rack)
	}
	if n.Fenced {
		fenced = 1231
	}
	return 31*(31*(31*(31*(31+Hash(n.Host))+n.ID)+n.Port)+rack) + fenced
}
