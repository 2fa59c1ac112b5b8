package runtime

import (
	"context"
	"time"

	"github.com/gregor-stream/gregor/internal/batch"
	"github.com/gregor-stream/gregor/internal/kafka"
	"github.com/gregor-stream/gregor/internal/metadata"
	"github.com/gregor-stream/gregor/internal/partition"
	"github.com/gregor-stream/gregor/internal/storage"
)

// LocalMarkers writes markers to the partitions that this broker leads: those of
// __consumer_offsets through the group coordinator, which has to know.
type LocalMarkers struct {
	Set    *partition.Set
	Groups *Groups
	// Timeout is how long a marker waits for its replicas: request.timeout.ms.
	Timeout func() time.Duration
}

// markerDone is the outcome for one of several partitions.
type markerDone struct {
	at   int
	code kafka.Error
}

// WriteMarkers implements MarkerWriter: partitions that are not here are
// UNKNOWN_TOPIC_OR_PARTITION.
func (l *LocalMarkers) WriteMarkers(ctx context.Context, m *Marker, partitions []kafka.TopicPartition) []kafka.Error {
	ctx, cancel := context.WithTimeout(ctx, l.Timeout())
	defer cancel()
	codes := make([]kafka.Error, len(partitions))
	done := make(chan markerDone, len(partitions)) // nobody who answers late waits
	waiting := 0
	for i, tp := range partitions {
		codes[i] = kafka.ErrRequestTimedOut
		p, ok := l.Set.Partition(tp)
		switch {
		case !ok:
			codes[i] = kafka.ErrUnknownTopicOrPartition
			continue
		case tp.Topic == GroupsTopic:
			go func() { done <- markerDone{i, l.endOffsets(ctx, m, tp.Partition)} }()
		default:
			if ready, code := appendMarker(p, m, func(err error) { done <- markerDone{i, kafka.CodeOf(err)} }); ready {
				codes[i] = code
				continue
			}
		}
		waiting++
	}
	for ; waiting > 0; waiting-- {
		select {
		case d := <-done:
			codes[d.at] = d.code
		case <-ctx.Done():
			return codes
		}
	}
	return codes
}

// endOffsets ends the transaction in a partition of __consumer_offsets. That the
// coordinator is not ready is said in words that who writes markers knows.
func (l *LocalMarkers) endOffsets(ctx context.Context, m *Marker, partition int32) kafka.Error {
	switch code := kafka.CodeOf(l.Groups.EndTransaction(ctx, partition, m)); code {
	case kafka.ErrCoordinatorNotAvailable, kafka.ErrCoordinatorLoadInProgress, kafka.ErrNotCoordinator:
		return kafka.ErrNotLeaderOrFollower
	default:
		return code
	}
}

// appendMarker appends a marker. acked is called when it is committed, unless it
// is so at once.
func appendMarker(p *partition.Partition, m *Marker, acked func(error)) (ready bool, code kafka.Error) {
	now := time.Now()
	control, err := m.AppendTo(nil, now)
	if err != nil {
		return true, kafka.CodeOf(err)
	}
	done, err := p.Append(now, control, -1, storage.AppendOptions{Origin: batch.FromCoordinator, TransactionVersion: m.Version})
	switch {
	case err != nil:
		return true, kafka.CodeOf(err)
	case done.Acked:
		return true, kafka.CodeOf(done.AckErr)
	}
	ready, err = p.AwaitAck(-1, done.LastOffset+1, acked)
	return ready, kafka.CodeOf(err)
}

// RoutedMarkers writes markers to partitions wherever they are led.
type RoutedMarkers struct {
	NodeID kafka.NodeID
	Image  func() *metadata.Image
	Local  MarkerWriter
	// Remote writes to the partitions of another broker (WriteTxnMarkers); nil
	// where it cannot be reached now.
	Remote func(kafka.NodeID) MarkerWriter
}

// WriteMarkers implements MarkerWriter. A partition that does not exist any more
// has nothing to end.
func (r *RoutedMarkers) WriteMarkers(ctx context.Context, m *Marker, partitions []kafka.TopicPartition) []kafka.Error {
	codes := make([]kafka.Error, len(partitions))
	at := map[kafka.NodeID][]int{}
	var nodes []kafka.NodeID
	image := r.Image()
	for i, tp := range partitions {
		p, ok := image.Topics.Partition(tp)
		if !ok {
			continue
		}
		if at[p.Leader] == nil {
			nodes = append(nodes, p.Leader)
		}
		at[p.Leader] = append(at[p.Leader], i)
	}
	type answer struct {
		node  kafka.NodeID
		codes []kafka.Error
	}
	answers := make(chan answer, len(nodes))
	for _, node := range nodes {
		writer := r.writer(node)
		mine := make([]kafka.TopicPartition, len(at[node]))
		for j, i := range at[node] {
			mine[j] = partitions[i]
		}
		go func() { answers <- answer{node, writer.WriteMarkers(ctx, m, mine)} }()
	}
	for range nodes {
		a := <-answers
		for j, i := range at[a.node] {
			codes[i] = a.codes[j]
		}
	}
	return codes
}

func (r *RoutedMarkers) writer(node kafka.NodeID) MarkerWriter {
	if node == r.NodeID {
		return r.Local
	}
	if node != kafka.NoNode && r.Remote != nil {
		if writer := r.Remote(node); writer != nil {
			return writer
		}
	}
	return unreachable{}
}

// unreachable is a leader that is not there now.
type unreachable struct{}

func (unreachable) WriteMarkers(_ context.Context, _ *Marker, partitions []kafka.TopicPartition) []kafka.Error {
	codes := make([]kafka.Error, len(partitions))
	for i := range codes {
		codes[i] = kafka.ErrNotLeaderOrFollower
	}
	return codes
}
