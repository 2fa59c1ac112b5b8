package wire

import (
	"strings"

	"github.com/twmb/franz-go/pkg/kmsg"
)

func groupStories() []story {
	return []story{
		{kmsg.FindCoordinator, "finding coordinators", tellFindCoordinator},
		{kmsg.JoinGroup, "joining", tellJoin},
		{kmsg.JoinGroup, "what joining refuses", tellJoinBad},
		{kmsg.JoinGroup, "two members", tellTwoMembers},
		{kmsg.JoinGroup, "static members", tellStaticMembers},
		{kmsg.SyncGroup, "syncing", tellSync},
		{kmsg.Heartbeat, "heartbeats", tellHeartbeat},
		{kmsg.LeaveGroup, "leaving", tellLeave},
		{kmsg.OffsetCommit, "committing", tellOffsetCommit},
		{kmsg.OffsetFetch, "fetching offsets", tellOffsetFetch},
		{kmsg.OffsetDelete, "deleting offsets", tellOffsetDelete},
		{kmsg.DescribeGroups, "describing groups", tellDescribeGroups},
		{kmsg.ListGroups, "listing groups", tellListGroups},
		{kmsg.DeleteGroups, "deleting groups", tellDeleteGroups},
	}
}

func tellFindCoordinator(x *talk) {
	find := func(step string, kind int8, keys ...string) {
		r := kmsg.NewPtrFindCoordinatorRequest()
		r.CoordinatorType = kind
		if len(keys) > 0 {
			r.CoordinatorKey = keys[0]
		}
		r.CoordinatorKeys = keys
		x.ask(step, r)
	}
	find("group", 0, x.name("g"))
	find("two groups", 0, x.name("g"), x.name("h"))
	find("empty name", 0, "")
	find("no keys", 0)
	find("unknown kind", 9, "x")
	find("negative kind", -1, "x")
}

// awaitGroup makes sure that the coordinator of a group serves.
func (x *talk) awaitGroup(group string) {
	kept := len(x.answers)
	x.until("coordinator", func() kmsg.Request {
		r := kmsg.NewPtrFindCoordinatorRequest()
		r.CoordinatorKey, r.CoordinatorKeys = group, []string{group}
		return r
	}, func(resp kmsg.Response) bool {
		f, ok := resp.(*kmsg.FindCoordinatorResponse)
		return ok && (f.ErrorCode != 0 || len(f.Coordinators) > 0 && f.Coordinators[0].ErrorCode != 0)
	})
	x.until("loaded", func() kmsg.Request {
		r := kmsg.NewPtrDescribeGroupsRequest()
		r.Groups = []string{group}
		return r
	}, func(resp kmsg.Response) bool {
		d, ok := resp.(*kmsg.DescribeGroupsResponse)
		return ok && len(d.Groups) == 1 && (d.Groups[0].ErrorCode >= 14 && d.Groups[0].ErrorCode <= 16)
	})
	x.answers = x.answers[:kept]
}

// member is what a consumer remembers of its group.
type member struct {
	group      string
	id         string
	instance   *string
	generation int32
	protocols  []string
	session    int32
	chosen     string // the protocol that the group chose
}

func (m *member) join() *kmsg.JoinGroupRequest {
	r := kmsg.NewPtrJoinGroupRequest()
	r.Group, r.MemberID, r.InstanceID = m.group, m.id, m.instance
	r.SessionTimeoutMillis, r.RebalanceTimeoutMillis = m.session, 5000
	if m.session == 0 {
		r.SessionTimeoutMillis = 20000
	}
	r.ProtocolType = "consumer"
	if m.protocols == nil {
		m.protocols = []string{"range"}
	}
	for _, p := range m.protocols {
		proto := kmsg.NewJoinGroupRequestProtocol()
		proto.Name, proto.Metadata = p, []byte("metadata of "+p)
		r.Protocols = append(r.Protocols, proto)
	}
	return r
}

// learn takes the member id and generation from an answer.
func (m *member) learn(resp kmsg.Response) *kmsg.JoinGroupResponse {
	j, ok := resp.(*kmsg.JoinGroupResponse)
	if !ok || j == nil {
		return &kmsg.JoinGroupResponse{}
	}
	if j.MemberID != "" {
		m.id = j.MemberID
	}
	m.generation = j.Generation
	if j.Protocol != nil && *j.Protocol != "" {
		m.chosen = *j.Protocol
	}
	return j
}

func (m *member) sync(assign ...string) *kmsg.SyncGroupRequest {
	r := kmsg.NewPtrSyncGroupRequest()
	r.Group, r.MemberID, r.Generation, r.InstanceID = m.group, m.id, m.generation, m.instance
	r.ProtocolType, r.Protocol = new("consumer"), new(m.chosen)
	for i := 0; i+1 < len(assign); i += 2 {
		a := kmsg.NewSyncGroupRequestGroupAssignment()
		a.MemberID, a.MemberAssignment = assign[i], []byte(assign[i+1])
		r.GroupAssignment = append(r.GroupAssignment, a)
	}
	return r
}

func (m *member) beat() *kmsg.HeartbeatRequest {
	r := kmsg.NewPtrHeartbeatRequest()
	r.Group, r.MemberID, r.Generation, r.InstanceID = m.group, m.id, m.generation, m.instance
	return r
}

func (m *member) leave() *kmsg.LeaveGroupRequest {
	r := kmsg.NewPtrLeaveGroupRequest()
	r.Group, r.MemberID = m.group, m.id
	l := kmsg.NewLeaveGroupRequestMember()
	l.MemberID, l.InstanceID, l.Reason = m.id, m.instance, new("done")
	r.Members = append(r.Members, l)
	return r
}

// enter joins until the member is in, whatever the version, and syncs as the
// leader. Nothing of it is recorded.
func (x *talk) enter(m *member) {
	x.awaitGroup(m.group)
	j := m.learn(x.quiet(m.join()))
	if j.ErrorCode == 79 { // MEMBER_ID_REQUIRED
		m.learn(x.quiet(m.join()))
	}
	x.quiet(m.sync(m.id, "all"))
}

func tellJoin(x *talk) {
	m := &member{group: x.name("g"), protocols: []string{"range", "roundrobin"}}
	x.awaitGroup(m.group)
	if m.learn(x.ask("first join", m.join())).ErrorCode == 79 {
		m.learn(x.ask("with the member id", m.join()))
	}
	x.ask("describe", describeGroups(m.group))
	m.learn(x.ask("joins again", m.join()))
	x.ask("sync", m.sync(m.id, "mine"))
	m.protocols = []string{"roundrobin"}
	m.learn(x.ask("changed protocols", m.join()))
	x.ask("sync after", m.sync(m.id, "mine again"))
	x.ask("describe after", describeGroups(m.group))
	x.ask("leave", m.leave())
	x.ask("describe empty", describeGroups(m.group))
	x.ask("join after leaving", m.join())
}

func tellJoinBad(x *talk) {
	group := x.name("g")
	x.awaitGroup(group)
	bad := func(step string, edit func(*kmsg.JoinGroupRequest)) {
		m := &member{group: group}
		r := m.join()
		edit(r)
		x.ask(step, r)
	}
	alone := func(step string, edit func(*kmsg.JoinGroupRequest)) { // may succeed: a group of its own
		group = x.name("g" + itoa(int32(len(x.answers))))
		x.awaitGroup(group)
		bad(step, edit)
	}
	bad("empty group", func(r *kmsg.JoinGroupRequest) { r.Group = "" })
	bad("session too short", func(r *kmsg.JoinGroupRequest) { r.SessionTimeoutMillis = 10 })
	bad("session too long", func(r *kmsg.JoinGroupRequest) { r.SessionTimeoutMillis = 1 << 30 })
	bad("session negative", func(r *kmsg.JoinGroupRequest) { r.SessionTimeoutMillis = -1 })
	bad("unknown member", func(r *kmsg.JoinGroupRequest) { r.MemberID = "nobody" })
	bad("no protocols", func(r *kmsg.JoinGroupRequest) { r.Protocols = nil })
	bad("empty protocol type", func(r *kmsg.JoinGroupRequest) { r.ProtocolType = "" })
	alone("static, unknown member", func(r *kmsg.JoinGroupRequest) { r.MemberID, r.InstanceID = "nobody", new("i") })
	alone("bad instance id", func(r *kmsg.JoinGroupRequest) { r.InstanceID = new("a b") })
	alone("empty instance id", func(r *kmsg.JoinGroupRequest) { r.InstanceID = new("") })
	alone("long instance id", func(r *kmsg.JoinGroupRequest) { r.InstanceID = new(strings.Repeat("i", 250)) })
	group = x.name("living")
	m := &member{group: group}
	x.enter(m)
	bad("another protocol type", func(r *kmsg.JoinGroupRequest) { r.ProtocolType = "connect" })
	bad("no common protocol", func(r *kmsg.JoinGroupRequest) { r.Protocols[0].Name = "other" })
	bad("unknown member of a living group", func(r *kmsg.JoinGroupRequest) { r.MemberID = "nobody" })
	x.ask("the first is well", m.beat())
}

func tellTwoMembers(x *talk) {
	group := x.name("g")
	a := &member{group: group, protocols: []string{"range", "sticky"}}
	x.enter(a)
	b := &member{group: group, protocols: []string{"sticky", "range"}}
	if x.version >= 4 {
		b.learn(x.ask("the second asks", b.join()))
	}
	joining := x.start("the second joins", b.join())
	x.until("the first is told", func() kmsg.Request { return a.beat() }, func(r kmsg.Response) bool {
		return r.(*kmsg.HeartbeatResponse).ErrorCode == 0
	})
	x.ask("commit while rebalancing", commit(a, x.name("t"), 0, 3))
	a.learn(x.ask("the first joins again", a.join()))
	b.learn(x.finish(joining))
	x.ask("heartbeat before sync", b.beat())
	waiting := x.start("the second syncs", b.sync())
	x.ask("the first syncs", a.sync(a.id, "for a", b.id, "for b"))
	x.finish(waiting)
	x.ask("the second syncs again", b.sync())
	x.ask("describe", describeGroups(group))
	x.ask("heartbeat", b.beat())
	stale := *a
	stale.generation--
	x.ask("old generation", stale.beat())
	x.ask("old generation syncs", stale.sync())
	x.ask("the first leaves", a.leave())
	x.ask("the second is told", b.beat())
	b.learn(x.ask("the second joins alone", b.join()))
	x.ask("and syncs", b.sync(b.id, "all"))
	x.ask("the first is unknown", a.beat())
}

func tellStaticMembers(x *talk) {
	if x.version < 5 {
		return
	}
	m := &member{group: x.name("g"), instance: new("instance-1")}
	x.awaitGroup(m.group)
	m.learn(x.ask("joins", m.join()))
	x.ask("syncs", m.sync(m.id, "mine"))
	old := *m
	again := &member{group: m.group, instance: m.instance}
	again.learn(x.ask("comes back", again.join()))
	x.ask("comes back, syncs", again.sync(again.id, "new"))
	x.ask("the old id is fenced", old.beat())
	x.ask("the old id joins", old.join())
	x.ask("the old id syncs", old.sync())
	x.ask("the old id commits", commit(&old, x.name("t"), 0, 3))
	x.ask("the new id", again.beat())
	x.ask("describe", describeGroups(m.group))
	unknown := &member{group: m.group, id: "nobody", instance: new("instance-2"), generation: 1, protocols: []string{"range"}}
	x.ask("unknown instance joins", unknown.join())
	x.ask("unknown instance beats", unknown.beat())
	gone := &member{group: m.group, instance: m.instance}
	x.ask("leaves by instance", gone.leave())
	x.ask("describe after", describeGroups(m.group))
}

func tellSync(x *talk) {
	m := &member{group: x.name("g")}
	nobody := &member{group: x.name("unknown"), id: "nobody", generation: 1, chosen: "range"}
	x.awaitGroup(nobody.group)
	x.ask("unknown group", nobody.sync())
	x.enter(m)
	x.ask("again", m.sync(m.id, "other"))
	nobody.group = m.group
	x.ask("unknown member", nobody.sync())
	m.generation += 5
	x.ask("wrong generation", m.sync())
	m.generation -= 5
	r := m.sync()
	r.Group = ""
	x.ask("empty group", r)
	r = m.sync()
	r.Protocol = new("other")
	x.ask("another protocol", r)
	r = m.sync()
	r.ProtocolType = new("connect")
	x.ask("another protocol type", r)
	r = m.sync()
	r.Protocol, r.ProtocolType = nil, nil
	x.ask("null protocol", r)
	r = m.sync()
	r.InstanceID = new("static")
	x.ask("with an instance id", r)
}

func tellHeartbeat(x *talk) {
	m := &member{group: x.name("g")}
	x.enter(m)
	x.ask("well", m.beat())
	wrong := *m
	wrong.generation++
	x.ask("wrong generation", wrong.beat())
	wrong = *m
	wrong.id = "nobody"
	x.ask("unknown member", wrong.beat())
	wrong.id = ""
	x.ask("empty member", wrong.beat())
	wrong = *m
	wrong.instance = new("static")
	x.ask("unknown instance", wrong.beat())
	wrong = *m
	wrong.group = x.name("unknown")
	x.awaitGroup(wrong.group)
	x.ask("unknown group", wrong.beat())
	wrong.group = ""
	x.ask("empty group", wrong.beat())
	x.ask("left", m.leave())
	x.ask("after leaving", m.beat())
}

func tellLeave(x *talk) {
	m := &member{group: x.name("g")}
	x.enter(m)
	wrong := *m
	wrong.id = "nobody"
	x.ask("unknown member", wrong.leave())
	wrong.group = ""
	x.ask("empty group", wrong.leave())
	wrong.group = x.name("unknown")
	x.awaitGroup(wrong.group)
	x.ask("unknown group", wrong.leave())
	wrong = *m
	wrong.instance = new("static")
	x.ask("unknown instance", wrong.leave())
	if x.version >= 3 {
		r := m.leave()
		extra := kmsg.NewLeaveGroupRequestMember()
		extra.MemberID = "nobody"
		r.Members = append(r.Members, extra)
		x.ask("one known, one not", r)
		r.Members = nil
		x.ask("no members", r)
	} else {
		x.ask("leaves", m.leave())
	}
	x.ask("again", m.leave())
}

func commit(m *member, topic string, partition int32, offset int64) *kmsg.OffsetCommitRequest {
	r := kmsg.NewPtrOffsetCommitRequest()
	r.Group, r.MemberID, r.Generation, r.InstanceID = m.group, m.id, m.generation, m.instance
	t := kmsg.NewOffsetCommitRequestTopic()
	t.Topic = topic
	p := kmsg.NewOffsetCommitRequestTopicPartition()
	p.Partition, p.Offset, p.LeaderEpoch, p.Metadata = partition, offset, -1, new("note")
	t.Partitions = append(t.Partitions, p)
	r.Topics = append(r.Topics, t)
	return r
}

func tellOffsetCommit(x *talk) {
	topic, id := x.topic("t", 2)
	outsider := &member{group: x.name("simple"), generation: -1}
	x.awaitGroup(outsider.group)
	send := func(step string, m *member, edit func(*kmsg.OffsetCommitRequest)) {
		r := commit(m, topic, 0, 7)
		r.Topics[0].TopicID = id
		if edit != nil {
			edit(r)
		}
		x.ask(step, r)
	}
	at := func(r *kmsg.OffsetCommitRequest) *kmsg.OffsetCommitRequestTopicPartition {
		return &r.Topics[0].Partitions[0]
	}
	send("without a group", outsider, nil)
	send("leader epoch", outsider, func(r *kmsg.OffsetCommitRequest) { at(r).LeaderEpoch = 0 })
	send("null metadata", outsider, func(r *kmsg.OffsetCommitRequest) { at(r).Metadata = nil })
	send("negative offset", outsider, func(r *kmsg.OffsetCommitRequest) { at(r).Offset = -5 })
	send("large metadata", outsider, func(r *kmsg.OffsetCommitRequest) { at(r).Metadata = new(strings.Repeat("m", 5000)) })
	send("unknown partition", outsider, func(r *kmsg.OffsetCommitRequest) { at(r).Partition = 9 })
	send("unknown topic", outsider, func(r *kmsg.OffsetCommitRequest) {
		r.Topics[0].Topic, r.Topics[0].TopicID = x.name("unknown"), [16]byte{5}
	})
	send("empty group", outsider, func(r *kmsg.OffsetCommitRequest) { r.Group = "" })
	send("no topics", outsider, func(r *kmsg.OffsetCommitRequest) { r.Topics = nil })
	send("generation without member", outsider, func(r *kmsg.OffsetCommitRequest) { r.Generation = 3 })
	send("member without generation", outsider, func(r *kmsg.OffsetCommitRequest) { r.MemberID = "nobody" })
	send("retention", outsider, func(r *kmsg.OffsetCommitRequest) { r.RetentionTimeMillis = 1 })
	x.ask("what was committed", fetchOffsets(outsider.group, topic, id, 0, 1))
	if x.version < 2 { // Kafka 3.9, which serves those, does not answer this join
		return
	}
	m := &member{group: x.name("g")}
	x.enter(m)
	send("as a member", m, nil)
	send("without generation to a living group", m, func(r *kmsg.OffsetCommitRequest) { r.Generation, r.MemberID = -1, "" })
	send("wrong generation", m, func(r *kmsg.OffsetCommitRequest) { r.Generation += 4 })
	send("unknown member", m, func(r *kmsg.OffsetCommitRequest) { r.MemberID = "nobody" })
	send("unknown instance", m, func(r *kmsg.OffsetCommitRequest) { r.InstanceID = new("static") })
}

func fetchOffsets(group, topic string, id [16]byte, partitions ...int32) *kmsg.OffsetFetchRequest {
	r := kmsg.NewPtrOffsetFetchRequest()
	r.Group = group
	g := kmsg.NewOffsetFetchRequestGroup()
	g.Group, g.MemberEpoch = group, -1
	if topic != "" {
		t := kmsg.NewOffsetFetchRequestTopic()
		t.Topic, t.Partitions = topic, partitions
		r.Topics = append(r.Topics, t)
		gt := kmsg.NewOffsetFetchRequestGroupTopic()
		gt.Topic, gt.TopicID, gt.Partitions = topic, id, partitions
		g.Topics = append(g.Topics, gt)
	}
	r.Groups = append(r.Groups, g)
	return r
}

func tellOffsetFetch(x *talk) {
	topic, id := x.topic("t", 2)
	m := &member{group: x.name("g"), generation: -1}
	x.awaitGroup(m.group)
	x.ask("unknown group", fetchOffsets(m.group, topic, id, 0))
	r := commit(m, topic, 0, 7)
	r.Topics[0].TopicID = id
	x.quiet(r)
	x.ask("one", fetchOffsets(m.group, topic, id, 0))
	x.ask("committed and not", fetchOffsets(m.group, topic, id, 0, 1))
	x.ask("unknown partition", fetchOffsets(m.group, topic, id, 9))
	x.ask("unknown topic", fetchOffsets(m.group, x.name("unknown"), [16]byte{5}, 0))
	x.ask("all topics", fetchOffsets(m.group, "", id))
	x.ask("empty group name", fetchOffsets("", topic, id, 0))
	stable := fetchOffsets(m.group, topic, id, 0)
	stable.RequireStable = true
	x.ask("require stable", stable)
	none := fetchOffsets(m.group, "", id)
	none.Topics, none.Groups[0].Topics = []kmsg.OffsetFetchRequestTopic{}, []kmsg.OffsetFetchRequestGroupTopic{}
	x.ask("no topics", none)
	if x.version >= 8 {
		two := fetchOffsets(m.group, topic, id, 0)
		two.Groups = append(two.Groups, fetchOffsets(x.name("unknown"), topic, id, 0).Groups...)
		x.ask("two groups", two)
		two.Groups = nil
		x.ask("no groups", two)
	}
	if x.version >= 9 {
		wrong := fetchOffsets(m.group, topic, id, 0)
		wrong.Groups[0].MemberID, wrong.Groups[0].MemberEpoch = new("nobody"), 4
		x.ask("as an unknown member", wrong)
	}
}

func tellOffsetDelete(x *talk) {
	topic, id := x.topic("t", 2)
	m := &member{group: x.name("g"), generation: -1}
	x.awaitGroup(m.group)
	del := func(step, group, topic string, partitions ...int32) {
		r := kmsg.NewPtrOffsetDeleteRequest()
		r.Group = group
		t := kmsg.NewOffsetDeleteRequestTopic()
		t.Topic = topic
		for _, p := range partitions {
			tp := kmsg.NewOffsetDeleteRequestTopicPartition()
			tp.Partition = p
			t.Partitions = append(t.Partitions, tp)
		}
		r.Topics = append(r.Topics, t)
		x.ask(step, r)
	}
	del("unknown group", m.group, topic, 0)
	r := commit(m, topic, 0, 7)
	r.Topics[0].TopicID = id
	x.quiet(r)
	del("one and one that is not", m.group, topic, 0, 1)
	del("again", m.group, topic, 0)
	del("unknown partition", m.group, topic, 9)
	del("unknown topic", m.group, x.name("unknown"), 0)
	del("empty group", "", topic, 0)
	x.ask("gone", fetchOffsets(m.group, topic, id, 0))
	live := &member{group: x.name("live")}
	x.enter(live)
	del("a living group", live.group, topic, 0)
}

func describeGroups(groups ...string) *kmsg.DescribeGroupsRequest {
	r := kmsg.NewPtrDescribeGroupsRequest()
	r.Groups = groups
	return r
}

func tellDescribeGroups(x *talk) {
	m := &member{group: x.name("g")}
	x.awaitGroup(x.name("unknown"))
	x.ask("unknown", describeGroups(x.name("unknown")))
	x.ask("empty name", describeGroups(""))
	x.ask("none", describeGroups())
	x.enter(m)
	x.ask("stable", describeGroups(m.group))
	x.ask("twice", describeGroups(m.group, m.group, x.name("unknown")))
	r := describeGroups(m.group)
	r.IncludeAuthorizedOperations = true
	x.ask("authorized operations", r)
	x.quiet(m.leave())
	x.ask("empty", describeGroups(m.group))
	static := &member{group: x.name("static"), instance: new("one")}
	x.enter(static)
	x.ask("static", describeGroups(static.group))
}

func tellListGroups(x *talk) {
	m := &member{group: x.name("g")}
	x.enter(m)
	list := func(step string, states, types []string) {
		r := kmsg.NewPtrListGroupsRequest()
		r.StatesFilter, r.TypesFilter = states, types
		x.setVersion(r)
		resp, odd, err := x.main.ask(r)
		if l, ok := resp.(*kmsg.ListGroupsResponse); ok { // other stories have groups too
			var mine []kmsg.ListGroupsResponseGroup
			for _, g := range l.Groups {
				if strings.HasPrefix(g.Group, x.prefix) {
					mine = append(mine, g)
				}
			}
			l.Groups, odd = mine, 0
		}
		x.record(step, resp, odd, err)
	}
	list("all", nil, nil)
	list("stable", []string{"Stable"}, nil)
	list("stable in small letters", []string{"stable"}, nil)
	list("empty", []string{"Empty"}, nil)
	list("unknown state", []string{"Sleeping"}, nil)
	list("classic", nil, []string{"classic"})
	list("consumer", nil, []string{"Consumer"})
	list("unknown type", nil, []string{"other"})
	x.quiet(m.leave())
	list("empty after leaving", []string{"Empty"}, nil)
}

func tellDeleteGroups(x *talk) {
	m := &member{group: x.name("g")}
	x.awaitGroup(x.name("unknown"))
	del := func(step string, groups ...string) {
		r := kmsg.NewPtrDeleteGroupsRequest()
		r.Groups = groups
		x.ask(step, r)
	}
	del("unknown", x.name("unknown"))
	del("empty name", "")
	del("none")
	x.enter(m)
	del("living", m.group)
	x.quiet(m.leave())
	del("empty", m.group)
	del("again", m.group, m.group)
	x.ask("describe", describeGroups(m.group))
}
