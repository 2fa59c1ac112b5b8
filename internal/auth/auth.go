// Package auth says who a client is and what it may do: principals, and later
// SASL conversations and ACL decisions over the metadata image. Kind: pure
package auth

// Principal is who a client is, as Kafka writes it: type:name.
type Principal struct {
	Type string // "User"
	Name string
}

// Anonymous is the principal of a connection without authentication.
func Anonymous() Principal { return Principal{Type: "User", Name: "ANONYMOUS"} }

// String is type:name.
func (p Principal) String() string { return p.Type + ":" + p.Name }
