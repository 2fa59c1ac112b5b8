package harness

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
)

// StartReceivers starts Apache Kafka with a receiver of clients' metrics, and
// Gregor with the HTTP listener that makes it one. Kafka writes its MBeans to
// the file beans at each push; "" is none.
func StartReceivers(name, beans string) (kafka, gregor *Broker, err error) {
	classes, err := runDir("receiver-" + name)
	if err != nil {
		return nil, nil, err
	}
	if err := CompileJava("broker", filepath.Join(Root(), "test", "harness", "java", "Receiver.java"), classes); err != nil {
		return nil, nil, errors.Join(err, os.RemoveAll(classes))
	}
	properties := map[string]string{"metric.reporters": "Receiver,org.apache.kafka.common.metrics.JmxReporter"}
	if beans != "" {
		properties["receiver.beans"] = beans
	}
	kafka, err = StartKafka(Options{Name: name, Properties: properties, Classes: classes})
	_ = os.RemoveAll(classes) // the class is loaded, or the start has failed
	if err != nil {
		return nil, nil, fmt.Errorf("start Apache Kafka: %w", err)
	}
	port, err := FreePort()
	if err != nil {
		return nil, nil, errors.Join(err, kafka.Remove())
	}
	own := map[string]string{"gregor.http.listeners": fmt.Sprintf("localhost:%d", port)}
	gregor, err = StartGregor(Options{Name: name, Properties: own})
	if err != nil {
		return nil, nil, errors.Join(fmt.Errorf("start gregor: %w", err), kafka.Remove())
	}
	gregor.HTTP = "http://" + own["gregor.http.listeners"]
	return kafka, gregor, nil
}
