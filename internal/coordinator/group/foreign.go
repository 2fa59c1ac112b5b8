package group

import (
	"github.com/gregor-stream/gregor/internal/coordinator"
	"github.com/gregor-stream/gregor/internal/msg"
	"github.com/gregor-stream/gregor/internal/timeline"
)

// foreign knows of the groups in the log that this coordinator does not serve
// yet: those of the new consumer protocol (KIP-848), share groups (KIP-932) and
// streams groups (KIP-1071). Their records stay in the log, which is compacted
// and loses nothing. What is kept here is enough to leave them alone: their
// offsets do not expire, classic members are refused, they are listed, and one
// without members can be deleted.
type foreign struct {
	// keys are the keys of all their records that are not tombstones.
	keys *timeline.Map[string, foreignRecord]
	// groups are those that have a metadata record.
	groups *timeline.Map[string, foreignGroup]
	// counts are the member records of each group.
	counts *timeline.Map[string, int]
}

type foreignRecord struct {
	group string
	role  foreignRole
}

type foreignGroup struct{ groupType string }

type foreignRole uint8

const (
	foreignOther    foreignRole = iota
	foreignMetadata             // the group's own record
	foreignMember               // one for each member
)

func newForeign(time *timeline.Registry) foreign {
	return foreign{
		keys:   timeline.NewMap[string, foreignRecord](time),
		groups: timeline.NewMap[string, foreignGroup](time),
		counts: timeline.NewMap[string, int](time),
	}
}

// foreignKind says what the records of a type are; "" for a type that Kafka 4.4
// does not know, left over by a newer one.
func foreignKind(kind int16) (groupType string, role foreignRole) {
	switch kind {
	case 3:
		return "consumer", foreignMetadata
	case 5:
		return "consumer", foreignMember
	case 4, 6, 7, 8, 16:
		return "consumer", foreignOther
	case 11:
		return "share", foreignMetadata
	case 10:
		return "share", foreignMember
	case 12, 13, 14, 15:
		return "share", foreignOther
	case 17:
		return "streams", foreignMetadata
	case 19:
		return "streams", foreignMember
	case 20, 21, 22, 23:
		return "streams", foreignOther
	}
	return "", foreignOther
}

// replay takes note of a record, and says which group it is of. All keys begin
// with the group's id.
func (f *foreign) replay(kind int16, record coordinator.Record) (group string, err error) {
	groupType, role := foreignKind(kind)
	if groupType == "" {
		return "", nil
	}
	var key msg.ConsumerGroupMetadataKey
	if err := decode(&key, record.Key, 0); err != nil {
		return "", err
	}
	raw := string(record.Key)
	_, had := f.keys.Get(raw)
	by := 0
	if record.Value != nil {
		f.keys.Put(raw, foreignRecord{key.GroupId, role})
		if !had {
			by = 1
		}
	} else if had {
		f.keys.Delete(raw)
		by = -1
	}
	switch {
	case role == foreignMetadata && record.Value != nil:
		f.groups.Put(key.GroupId, foreignGroup{groupType})
	case role == foreignMetadata:
		f.groups.Delete(key.GroupId)
	case role == foreignMember && by != 0:
		n, _ := f.counts.Get(key.GroupId)
		if n += by; n > 0 {
			f.counts.Put(key.GroupId, n)
		} else {
			f.counts.Delete(key.GroupId)
		}
	}
	return key.GroupId, nil
}

// has says that the id is taken by such a group.
func (f *foreign) has(id string) bool {
	_, ok := f.groups.Get(id)
	return ok
}

// members is how many members the group has.
func (f *foreign) members(id string) int {
	n, _ := f.counts.Get(id)
	return n
}

// tombstones remove every record of the group, its own record last.
func (f *foreign) tombstones(id string) []coordinator.Record {
	if !f.has(id) {
		return nil
	}
	var records, last []coordinator.Record
	for raw, r := range f.keys.Sorted(compareStrings) {
		switch {
		case r.group != id:
		case r.role == foreignMetadata:
			last = append(last, coordinator.Record{Key: []byte(raw)})
		default:
			records = append(records, coordinator.Record{Key: []byte(raw)})
		}
	}
	return append(records, last...)
}

// list is what ListGroups shows of the committed ones.
func (f *foreign) list() []msg.ListGroupsResponseListedGroup {
	var out []msg.ListGroupsResponseListedGroup
	for id, g := range f.groups.SortedCommitted(compareStrings) {
		state := empty
		if n, _ := f.counts.GetCommitted(id); n > 0 {
			state = stable
		}
		out = append(out, msg.ListGroupsResponseListedGroup{
			GroupId: id, ProtocolType: g.groupType, GroupState: state.String(), GroupType: g.groupType,
		})
	}
	return out
}
