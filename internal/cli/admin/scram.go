package admin

import (
	"context"
	"crypto/pbkdf2"
	"crypto/rand"
	"crypto/sha256"
	"crypto/sha512"

	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/gregor-stream/gregor/internal/cli/java"
	"github.com/gregor-stream/gregor/internal/kafka"
)

// Mechanism is a SCRAM mechanism (KIP-554).
type Mechanism int8

// The mechanisms, in the protocol's numbering.
const (
	ScramSHA256 Mechanism = 1
	ScramSHA512 Mechanism = 2
)

// MechanismOf finds a mechanism by its name.
func MechanismOf(name string) (Mechanism, bool) {
	for _, m := range []Mechanism{ScramSHA256, ScramSHA512} {
		if m.String() == name {
			return m, true
		}
	}
	return 0, false
}

// String is the name: SCRAM-SHA-256.
func (m Mechanism) String() string {
	switch m {
	case ScramSHA256:
		return "SCRAM-SHA-256"
	case ScramSHA512:
		return "SCRAM-SHA-512"
	}
	return "UNKNOWN"
}

// Credential is that a user has a password by a mechanism.
type Credential struct {
	Mechanism  Mechanism
	Iterations int32
}

// User is a user with SCRAM credentials, or why they are not told.
type User struct {
	Name        string
	Credentials []Credential
	Err         *java.Thrown
}

// ScramUsers asks for the users with SCRAM credentials; no names ask for all.
// Users that have none are left out.
func (a *Admin) ScramUsers(ctx context.Context, names []string) ([]User, error) {
	req := kmsg.NewPtrDescribeUserSCRAMCredentialsRequest()
	for _, n := range names {
		u := kmsg.NewDescribeUserSCRAMCredentialsRequestUser()
		u.Name = n
		req.Users = append(req.Users, u)
	}
	resp, err := req.RequestWith(ctx, a)
	if err != nil {
		return nil, err
	}
	if t := java.Throw(resp.ErrorCode, resp.ErrorMessage); t != nil {
		return nil, t
	}
	var users []User
	for _, r := range resp.Results {
		if kafka.Error(r.ErrorCode) == kafka.ErrResourceNotFound {
			continue
		}
		u := User{Name: r.User, Err: java.Throw(r.ErrorCode, r.ErrorMessage)}
		for _, c := range r.CredentialInfos {
			u.Credentials = append(u.Credentials, Credential{Mechanism(c.Mechanism), c.Iterations})
		}
		users = append(users, u)
	}
	return users, nil
}

// Password is a credential to be set. The password itself never leaves this
// process: the broker gets what PBKDF2 makes of it, with a salt of its own.
type Password struct {
	Credential

	Password string
}

// AlterScram sets and deletes credentials of a user.
func (a *Admin) AlterScram(ctx context.Context, user string, set []Password, remove []Mechanism) error {
	req := kmsg.NewPtrAlterUserSCRAMCredentialsRequest()
	for _, m := range remove {
		d := kmsg.NewAlterUserSCRAMCredentialsRequestDeletion()
		d.Name, d.Mechanism = user, int8(m)
		req.Deletions = append(req.Deletions, d)
	}
	for _, p := range set {
		u := kmsg.NewAlterUserSCRAMCredentialsRequestUpsertion()
		u.Name, u.Mechanism, u.Iterations = user, int8(p.Mechanism), p.Iterations
		var err error
		if u.Salt, u.SaltedPassword, err = p.salted(); err != nil {
			return err
		}
		req.Upsertions = append(req.Upsertions, u)
	}
	resp, err := req.RequestWith(ctx, a)
	if err != nil {
		return err
	}
	for _, r := range resp.Results {
		if t := java.Throw(r.ErrorCode, r.ErrorMessage); t != nil {
			return t
		}
	}
	return nil
}

// salted is a new salt, and the password salted with it.
func (p *Password) salted() (salt, password []byte, err error) {
	salt = make([]byte, 24)
	_, _ = rand.Read(salt) // it never fails (crypto/rand)
	password, err = p.hi(salt)
	return salt, password, err
}

// hi is what RFC 5802 calls Hi.
func (p *Password) hi(salt []byte) ([]byte, error) {
	if p.Mechanism == ScramSHA512 {
		return pbkdf2.Key(sha512.New, p.Password, salt, int(p.Iterations), sha512.Size)
	}
	return pbkdf2.Key(sha256.New, p.Password, salt, int(p.Iterations), sha256.Size)
}
