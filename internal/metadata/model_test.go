package metadata

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/gregor-stream/gregor/internal/kafka"
	"github.com/gregor-stream/gregor/internal/msg"
)

// model is what an image must say, as lines of text: the plainest form in
// which a record's meaning can be written down.
type model map[string]string

func (m model) String() string {
	var b strings.Builder
	for _, k := range slices.Sorted(maps.Keys(m)) {
		fmt.Fprintf(&b, "%s = %s\n", k, m[k])
	}
	return b.String()
}

func (m model) dropPrefix(prefix string) {
	maps.DeleteFunc(m, func(k, _ string) bool { return strings.HasPrefix(k, prefix) })
}

// linesOf is the image in the model's form.
func linesOf(img *Image) model {
	m := model{}
	for t := range img.Topics.All() {
		m["topic "+t.ID.String()] = t.Name
		for n, p := range t.All() {
			m[fmt.Sprintf("partition %s %04d", t.ID, n)] = partitionLine(p)
		}
	}
	for b := range img.Cluster.Brokers() {
		m[fmt.Sprintf("broker %d", b.ID)] = brokerLine(b)
	}
	for c := range img.Cluster.Controllers() {
		m[fmt.Sprintf("controller %d", c.ID)] = fmt.Sprint(c.Incarnation, c.Endpoints, c.Features)
	}
	for name, level := range img.Features.All() {
		m["feature "+name] = fmt.Sprint(level)
	}
	for r := range img.Configs.Resources() {
		for k, v := range img.Configs.Of(r) {
			m[fmt.Sprintf("config %d %s/%s", r.Type, r.Name, k)] = v
		}
	}
	for e := range img.Quotas.Entities() {
		for k, v := range img.Quotas.Of(e) {
			m[fmt.Sprintf("quota %+v/%s", e, k)] = fmt.Sprint(v)
		}
	}
	for a := range img.ACLs.All() {
		m["acl "+a.ID.String()] = fmt.Sprint(a.Principal, a.Operation)
	}
	for u, c := range img.Scram.All() {
		m[fmt.Sprintf("scram %+v", u)] = fmt.Sprint(c)
	}
	for t := range img.Tokens.All() {
		m["token "+t.ID] = fmt.Sprint(t.Owner, t.Renewers)
	}
	if img.ProducerIDs.Next != 0 {
		m["producer ids"] = fmt.Sprint(img.ProducerIDs.Next)
	}
	return m
}

func partitionLine(p *Partition) string {
	return fmt.Sprintf("replicas=%v isr=%v removing=%v adding=%v elr=%v last=%v dirs=%v leader=%d/%d epoch=%d recovery=%d",
		p.Replicas, p.Isr, p.Removing, p.Adding, p.Elr, p.LastKnownElr, p.Directories, p.Leader, p.LeaderEpoch, p.PartitionEpoch, p.Recovery)
}

func brokerLine(b *Broker) string {
	rack := "none"
	if b.Rack != nil {
		rack = *b.Rack
	}
	return fmt.Sprint(b.Epoch, b.Incarnation, b.Endpoints, b.Features, rack, b.Fenced, b.InControlledShutdown, b.LogDirs, b.CordonedLogDirs == nil, b.CordonedLogDirs)
}

// history draws records that fit an image, and writes their meaning into the
// model.
type history struct {
	t     *rapid.T
	model model
	img   *Image // before the batch
	batch []Record

	topics  map[kafka.TopicID]string
	parts   map[kafka.TopicID][]Partition
	brokers map[int32]*Broker
	acls    []kafka.UUID
	nextID  byte
}

func (h *history) put(m Message, version int16) {
	// Through bytes, as they come from a log.
	r, err := ParseRecord(Record{Message: m, Version: version}.AppendTo(nil))
	if err != nil {
		h.t.Fatal(err)
	}
	h.batch = append(h.batch, r)
}

func (h *history) pick(name string, n int) int { return rapid.IntRange(0, n-1).Draw(h.t, name) }

func (h *history) nodes(name string, least int) []int32 {
	return rapid.SliceOfNDistinct(rapid.Int32Range(0, 5), least, 3, func(i int32) int32 { return i }).Draw(h.t, name)
}

func (h *history) dirs(n int) []kafka.UUID {
	dirs := make([]kafka.UUID, n)
	for i := range dirs {
		dirs[i] = kafka.UUID{0xd1, byte(h.pick("dir", 3))}
	}
	return dirs
}

func (h *history) topic() (kafka.TopicID, bool) {
	ids := slices.SortedFunc(maps.Keys(h.topics), compareUUID)
	if len(ids) == 0 {
		return kafka.TopicID{}, false
	}
	return ids[h.pick("topic", len(ids))], true
}

func (h *history) setPartition(id kafka.TopicID, n int) {
	h.model[fmt.Sprintf("partition %s %04d", id, n)] = partitionLine(&h.parts[id][n])
}

func (h *history) step() {
	switch h.pick("what", 14) {
	case 0:
		h.createTopic()
	case 1:
		if id, ok := h.topic(); ok {
			h.addPartition(id)
		}
	case 2, 3, 4:
		if id, ok := h.topic(); ok && len(h.parts[id]) > 0 {
			h.changePartition(id)
		}
	case 5:
		if id, ok := h.topic(); ok && h.pick("really", 3) == 0 {
			h.removeTopic(id)
		}
	case 6:
		h.clearElr()
	case 7:
		h.registerBroker()
	case 8:
		h.changeBroker()
	case 9:
		h.config()
	case 10:
		h.quota()
	case 11:
		h.security()
	case 12:
		level := int16(h.pick("level", 3))
		h.put(&msg.FeatureLevelRecord{Name: "group.version", FeatureLevel: level}, 0)
		h.model["feature group.version"] = fmt.Sprint(level)
		if level == 0 {
			delete(h.model, "feature group.version")
		}
	case 13:
		next := int64(1 + h.pick("next", 5000))
		h.put(&msg.ProducerIdsRecord{NextProducerId: next}, 0)
		h.model["producer ids"] = fmt.Sprint(next)
	}
}

func (h *history) createTopic() {
	name := fmt.Sprintf("topic-%d", h.pick("name", 6))
	for _, other := range h.topics {
		if other == name {
			return
		}
	}
	h.nextID++
	id := kafka.TopicID{7, byte(h.pick("order", 200)), h.nextID}
	h.put(&msg.TopicRecord{Name: name, TopicId: id}, 0)
	h.topics[id], h.parts[id] = name, nil
	h.model["topic "+id.String()] = name
	for range h.pick("partitions", 4) * 30 { // some need several chunks
		h.addPartition(id)
	}
}

func (h *history) addPartition(id kafka.TopicID) {
	n := len(h.parts[id])
	replicas := h.nodes("replicas", 1)
	p := Partition{Replicas: replicas, Isr: replicas[:1], Directories: h.dirs(len(replicas)), Leader: kafka.NodeID(replicas[0]), LeaderEpoch: 1}
	r, version := p.Record(id, int32(n), Level(LatestMetadataVersion), true)
	h.put(r, version)
	h.parts[id] = append(h.parts[id], p)
	h.setPartition(id, n)
}

func (h *history) changePartition(id kafka.TopicID) {
	n := h.pick("partition", len(h.parts[id]))
	p := &h.parts[id][n]
	r := msg.NewPartitionChangeRecord()
	r.TopicId, r.PartitionId = id, int32(n)
	if h.pick("leader", 2) == 0 {
		r.Leader = int32(h.pick("who", 4)) - 1
		p.Leader = kafka.NodeID(r.Leader)
		p.LeaderEpoch++
	}
	if h.pick("isr", 2) == 0 {
		r.Isr = list(h.nodes("isr", 0))
		p.Isr = r.Isr
	}
	if h.pick("elr", 3) == 0 {
		r.EligibleLeaderReplicas, r.LastKnownElr = list(h.nodes("elr", 0)), list(h.nodes("last", 0))
		p.Elr, p.LastKnownElr = r.EligibleLeaderReplicas, r.LastKnownElr
	}
	if h.pick("reassign", 4) == 0 {
		r.Replicas = h.nodes("replicas", 1)
		r.Directories = h.dirs(len(r.Replicas))
		r.AddingReplicas, r.RemovingReplicas = list(h.nodes("adding", 0)), list(h.nodes("removing", 0))
		p.Replicas, p.Directories, p.Adding, p.Removing = r.Replicas, r.Directories, r.AddingReplicas, r.RemovingReplicas
	}
	if h.pick("recovery", 5) == 0 {
		r.LeaderRecoveryState = 1
		p.Recovery = Recovering
	}
	p.PartitionEpoch++
	h.put(r, 2)
	h.setPartition(id, n)
}

func list(ids []int32) []int32 { return append([]int32{}, ids...) }

func (h *history) removeTopic(id kafka.TopicID) {
	h.put(&msg.RemoveTopicRecord{TopicId: id}, 0)
	delete(h.model, "topic "+id.String())
	h.model.dropPrefix("partition " + id.String())
	h.model.dropPrefix("config 2 " + h.topics[id] + "/")
	delete(h.topics, id)
	delete(h.parts, id)
}

func (h *history) clearElr() {
	only := ""
	id, ok := h.topic()
	if ok && h.pick("one", 2) == 0 {
		only = h.topics[id]
	}
	h.put(&msg.ClearElrRecord{TopicName: only}, 0)
	for id, parts := range h.parts {
		for n := range parts {
			if p := &parts[n]; (only == "" || h.topics[id] == only) && len(p.Elr)+len(p.LastKnownElr) > 0 {
				p.Elr, p.LastKnownElr = nil, nil
				p.PartitionEpoch++
				h.setPartition(id, n)
			}
		}
	}
}

func (h *history) registerBroker() {
	id := int32(h.pick("id", 4))
	if h.pick("gone", 4) == 0 {
		if b := h.brokers[id]; b != nil {
			h.put(&msg.UnregisterBrokerRecord{BrokerId: id, BrokerEpoch: b.Epoch}, 0)
			delete(h.brokers, id)
			delete(h.model, fmt.Sprintf("broker %d", id))
		}
		return
	}
	b := &Broker{
		ID: kafka.NodeID(id), Epoch: int64(h.pick("epoch", 1000)), Incarnation: kafka.UUID{byte(id), byte(h.pick("incarnation", 3))},
		Endpoints: []Endpoint{{Listener: "PLAINTEXT", Host: "h", Port: uint16(9000 + id)}}, Fenced: h.pick("fenced", 2) == 0,
		Features: []FeatureRange{{Name: "a", VersionRange: VersionRange{Min: 1, Max: 2}}}, LogDirs: []kafka.UUID{{1}, {2}},
	}
	if h.pick("rack", 2) == 0 {
		rack := "r"
		b.Rack = &rack
	}
	r, version := b.Record(Level(LatestMetadataVersion))
	h.put(r, version)
	h.brokers[id] = b
	h.model[fmt.Sprintf("broker %d", id)] = brokerLine(b)
}

func (h *history) changeBroker() {
	b := h.brokers[int32(h.pick("id", 4))]
	if b == nil {
		return
	}
	next := *b
	switch h.pick("how", 4) {
	case 0:
		h.put(&msg.FenceBrokerRecord{Id: int32(b.ID), Epoch: b.Epoch}, 0)
		next.Fenced = true
	case 1:
		h.put(&msg.UnfenceBrokerRecord{Id: int32(b.ID), Epoch: b.Epoch}, 0)
		next.Fenced = false
	case 2:
		h.put(&msg.BrokerRegistrationChangeRecord{BrokerId: int32(b.ID), BrokerEpoch: b.Epoch, Fenced: -1, InControlledShutdown: 1}, 1)
		next.Fenced, next.InControlledShutdown = false, true
	case 3:
		next.CordonedLogDirs = []kafka.UUID{{1}}[:h.pick("cordoned", 2)]
		h.put(&msg.BrokerRegistrationChangeRecord{BrokerId: int32(b.ID), BrokerEpoch: b.Epoch, LogDirs: []kafka.UUID{{3}}, CordonedLogDirs: next.CordonedLogDirs}, 3)
		next.LogDirs = []kafka.UUID{{3}}
	}
	h.brokers[int32(b.ID)] = &next
	h.model[fmt.Sprintf("broker %d", b.ID)] = brokerLine(&next)
}

func (h *history) config() {
	r := &msg.ConfigRecord{ResourceType: 4, Name: fmt.Sprintf("key-%d", h.pick("key", 3))}
	if id, ok := h.topic(); ok && h.pick("topic", 2) == 0 {
		r.ResourceType, r.ResourceName = 2, h.topics[id]
	}
	line := fmt.Sprintf("config %d %s/%s", r.ResourceType, r.ResourceName, r.Name)
	if h.pick("delete", 3) == 0 {
		delete(h.model, line)
	} else {
		value := fmt.Sprint(h.pick("value", 9))
		r.Value = &value
		h.model[line] = value
	}
	h.put(r, 0)
}

func (h *history) quota() {
	e := QuotaEntity{}
	switch h.pick("entity", 4) {
	case 0:
		e.User = QuotaName{Set: true, Name: "u"}
	case 1:
		e.User, e.ClientID = QuotaName{Set: true, Default: true}, QuotaName{Set: true, Name: "c"}
	case 2:
		e.IP = QuotaName{Set: true, Name: "1.2.3.4"}
	case 3:
		e.ClientID = QuotaName{Set: true, Default: true}
	}
	r := &msg.ClientQuotaRecord{Entity: e.Record(), Key: fmt.Sprintf("limit-%d", h.pick("key", 2)), Remove: h.pick("remove", 3) == 0}
	line := fmt.Sprintf("quota %+v/%s", e, r.Key)
	if r.Remove {
		delete(h.model, line)
	} else {
		r.Value = float64(h.pick("value", 100))
		h.model[line] = fmt.Sprint(r.Value)
	}
	h.put(r, 0)
}

func (h *history) security() {
	switch h.pick("kind", 5) {
	case 0:
		h.nextID++
		a := ACL{ID: kafka.UUID{8, h.nextID}, Principal: "User:p", Operation: 3}
		h.put(a.Record(), 0)
		h.acls = append(h.acls, a.ID)
		h.model["acl "+a.ID.String()] = fmt.Sprint(a.Principal, a.Operation)
	case 1:
		if n := len(h.acls); n > 0 {
			id := h.acls[n-1]
			h.acls = h.acls[:n-1]
			h.put(&msg.RemoveAccessControlEntryRecord{Id: id}, 0)
			delete(h.model, "acl "+id.String())
		}
	case 2:
		c := ScramCredential{Salt: []byte{1, byte(h.pick("salt", 9))}, StoredKey: []byte{2}, ServerKey: []byte{3}, Iterations: 4096}
		h.put(&msg.UserScramCredentialRecord{Name: "u", Mechanism: 1, Salt: c.Salt, StoredKey: c.StoredKey, ServerKey: c.ServerKey, Iterations: 4096}, 0)
		h.model[fmt.Sprintf("scram %+v", ScramUser{"u", 1})] = fmt.Sprint(c)
	case 3:
		h.put(&msg.RemoveUserScramCredentialRecord{Name: "u", Mechanism: 1}, 0)
		delete(h.model, fmt.Sprintf("scram %+v", ScramUser{"u", 1}))
	case 4:
		if h.pick("remove", 2) == 0 {
			h.put(&msg.RemoveDelegationTokenRecord{TokenId: "t"}, 0)
			delete(h.model, "token t")
		} else {
			h.put(&msg.DelegationTokenRecord{TokenId: "t", Owner: "User:o", Renewers: []string{"User:r"}}, 0)
			h.model["token t"] = fmt.Sprint("User:o", []string{"User:r"})
		}
	}
}

// TestImageSaysWhatTheRecordsSay compares images with the plainest model of
// the records' meaning, and checks on the way that old images never change,
// that deltas name every difference, and that an image survives being written
// out as a snapshot.
func TestImageSaysWhatTheRecordsSay(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		h := &history{
			t: t, model: model{}, img: Empty(), topics: map[kafka.TopicID]string{},
			parts: map[kafka.TopicID][]Partition{}, brokers: map[int32]*Broker{},
		}
		h.put(&msg.FeatureLevelRecord{Name: MetadataVersion, FeatureLevel: LatestMetadataVersion}, 0)
		h.put(&msg.FeatureLevelRecord{Name: EligibleLeaderReplicas, FeatureLevel: 1}, 0)
		h.model["feature "+MetadataVersion] = fmt.Sprint(LatestMetadataVersion)
		h.model["feature "+EligibleLeaderReplicas] = "1"
		for range rapid.IntRange(1, 25).Draw(t, "batches") {
			for range rapid.IntRange(1, 8).Draw(t, "steps") {
				h.step()
			}
			h.apply()
		}
		again, _, err := Empty().Apply(0, 0, slices.Collect(h.img.Records()))
		if err != nil {
			t.Fatal(err)
		}
		if got, want := linesOf(again).String(), h.model.String(); got != want {
			t.Fatalf("written out and read again:\n%s\nwant:\n%s", got, want)
		}
		if d := Diff(h.img, again); !d.IsEmpty() {
			t.Fatalf("Diff of equal images: %+v", d)
		}
	})
}

func (h *history) apply() {
	t := h.t
	before := linesOf(h.img).String()
	next, delta, err := h.img.Apply(h.img.Offset, 1, h.batch)
	if err != nil {
		t.Fatal(err)
	}
	if next.Offset != h.img.Offset+kafka.Offset(len(h.batch)) {
		t.Fatalf("offset %d after %d records from %d", next.Offset, len(h.batch), h.img.Offset)
	}
	if got := linesOf(next).String(); got != h.model.String() {
		t.Fatalf("image:\n%s\nwant:\n%s", got, h.model)
	}
	if linesOf(h.img).String() != before {
		t.Fatal("the old image has changed")
	}
	partitions := 0
	for _, parts := range h.parts {
		partitions += len(parts)
	}
	if next.Topics.NumPartitions() != partitions || next.Topics.Len() != len(h.topics) {
		t.Fatalf("%d topics with %d partitions, want %d with %d", next.Topics.Len(), next.Topics.NumPartitions(), len(h.topics), partitions)
	}
	h.covers(delta, Diff(h.img, next))
	h.img, h.batch = next, nil
}

// covers checks that the delta of one step names all that differs.
func (h *history) covers(delta, diff *Delta) {
	missing := func(what string, ok bool) {
		if !ok {
			h.t.Fatalf("the delta lacks %s:\n%+v\nwhat differs:\n%+v", what, delta, diff)
		}
	}
	missing("brokers", containsAll(delta.Brokers, diff.Brokers))
	missing("features", containsAll(delta.Features, diff.Features))
	missing("configs", containsAll(delta.Configs, diff.Configs))
	missing("quotas", containsAll(delta.Quotas, diff.Quotas))
	missing("acls", containsAll(delta.ACLs, diff.ACLs))
	missing("scram", containsAll(delta.Scram, diff.Scram))
	missing("tokens", containsAll(delta.Tokens, diff.Tokens))
	missing("producer ids", delta.ProducerIDs == diff.ProducerIDs)
	missing("deleted topics", len(delta.Deleted) == len(diff.Deleted))
	for i := range diff.Deleted {
		missing("a deleted topic", delta.Deleted[i] == diff.Deleted[i])
	}
	for _, want := range diff.Topics {
		i := slices.IndexFunc(delta.Topics, func(d TopicDelta) bool { return d.Topic.ID == want.Topic.ID })
		missing("topic "+want.Topic.Name, i >= 0 && delta.Topics[i].Created == want.Created && delta.Topics[i].Topic == want.Topic)
		missing("partitions of "+want.Topic.Name, containsAll(delta.Topics[i].Partitions, want.Partitions))
	}
}

func containsAll[T comparable](all, some []T) bool {
	for _, x := range some {
		if !slices.Contains(all, x) {
			return false
		}
	}
	return true
}
