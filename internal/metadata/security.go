package metadata

import (
	"cmp"
	"iter"

	"github.com/gregor-stream/gregor/internal/kafka"
)

// ACL is one access control entry, with Kafka's numbers of resource type,
// pattern type, operation and permission.
type ACL struct {
	ID           kafka.UUID
	ResourceType int8
	ResourceName string
	PatternType  int8
	Principal    string
	Host         string
	Operation    int8
	Permission   int8
}

// ACLs is all access control entries.
type ACLs struct{ byID sorted[topicKey, ACL] }

// Len is the number of entries.
func (a *ACLs) Len() int { return a.byID.count }

// ByID finds an entry.
func (a *ACLs) ByID(id kafka.UUID) (ACL, bool) { return a.byID.get(topicKey(id)) }

// All walks the entries in order of id.
func (a *ACLs) All() iter.Seq[ACL] { return values(a.byID.all()) }

// ScramMechanism is Kafka's number of a SCRAM mechanism.
type ScramMechanism int8

// The SCRAM mechanisms.
const (
	ScramSHA256 ScramMechanism = 1
	ScramSHA512 ScramMechanism = 2
)

// ScramUser names a credential.
type ScramUser struct {
	Name      string
	Mechanism ScramMechanism
}

func (a ScramUser) compare(b ScramUser) int {
	if c := cmp.Compare(a.Name, b.Name); c != 0 {
		return c
	}
	return cmp.Compare(a.Mechanism, b.Mechanism)
}

// ScramCredential is what a broker knows of a user's password (RFC 5802).
type ScramCredential struct {
	Salt       []byte
	StoredKey  []byte
	ServerKey  []byte
	Iterations int32
}

// Scram is all SCRAM credentials.
type Scram struct {
	byUser sorted[ScramUser, ScramCredential]
}

// Get finds a credential.
func (s *Scram) Get(user ScramUser) (ScramCredential, bool) { return s.byUser.get(user) }

// All walks the credentials in order of user and mechanism.
func (s *Scram) All() iter.Seq2[ScramUser, ScramCredential] { return s.byUser.all() }

// Token is a delegation token without its secret.
type Token struct {
	ID        string
	Owner     string // principals as type:name
	Requester string
	Renewers  []string
	Issued    kafka.Timestamp
	Max       kafka.Timestamp
	Expires   kafka.Timestamp
}

// Tokens is all delegation tokens.
type Tokens struct{ byID sorted[text, Token] }

// Get finds a token.
func (t *Tokens) Get(id string) (Token, bool) { return t.byID.get(text(id)) }

// All walks the tokens in order of id.
func (t *Tokens) All() iter.Seq[Token] { return values(t.byID.all()) }

// QuotaEntity names whom a client quota limits: a user, a client id, an ip,
// or a user and a client id. It is a comparable value.
type QuotaEntity struct {
	User, ClientID, IP QuotaName
}

// QuotaName is one part of a [QuotaEntity].
type QuotaName struct {
	Set     bool   // the part is in the entity
	Default bool   // it stands for all that have no quota of their own
	Name    string // empty when Default
}

func (a QuotaName) compare(b QuotaName) int {
	rank := func(n QuotaName) int {
		switch {
		case !n.Set:
			return 0
		case n.Default:
			return 1
		}
		return 2
	}
	if c := cmp.Compare(rank(a), rank(b)); c != 0 {
		return c
	}
	return cmp.Compare(a.Name, b.Name)
}

func (a QuotaEntity) compare(b QuotaEntity) int {
	if c := a.User.compare(b.User); c != 0 {
		return c
	}
	if c := a.ClientID.compare(b.ClientID); c != 0 {
		return c
	}
	return a.IP.compare(b.IP)
}

// Quotas is all client quotas.
type Quotas struct {
	byEntity sorted[QuotaEntity, sorted[text, float64]]
}

// Get gives one limit of an entity.
func (q *Quotas) Get(e QuotaEntity, key string) (float64, bool) {
	keys, _ := q.byEntity.get(e)
	return keys.get(text(key))
}

// Of walks the limits of an entity in order of key.
func (q *Quotas) Of(e QuotaEntity) iter.Seq2[string, float64] {
	return func(yield func(string, float64) bool) {
		keys, _ := q.byEntity.get(e)
		for k, v := range keys.all() {
			if !yield(string(k), v) {
				return
			}
		}
	}
}

// Entities walks the entities that have limits.
func (q *Quotas) Entities() iter.Seq[QuotaEntity] {
	return func(yield func(QuotaEntity) bool) {
		for e := range q.byEntity.all() {
			if !yield(e) {
				return
			}
		}
	}
}
