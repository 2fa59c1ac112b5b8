package client

import (
	"os"
	"slices"
	"strings"

	"github.com/twmb/franz-go/pkg/sasl"
	"github.com/twmb/franz-go/pkg/sasl/plain"
	"github.com/twmb/franz-go/pkg/sasl/scram"
)

// The classes that Kafka itself has for logging in; others are Java that is
// not here.
func knownLogin() []string {
	return []string{
		"", "DefaultLogin", "OAuthBearerRefreshingLogin",
		"OAuthBearerLoginCallbackHandler", "OAuthBearerUnsecuredLoginCallbackHandler",
		"OAuthBearerSaslClientCallbackHandler", "SaslClientCallbackHandler",
	}
}

// sasl reads how to log in; nil where it makes no sense.
func (r *reading) sasl() sasl.Mechanism {
	mechanism := strings.ToUpper(r.text("sasl.mechanism"))
	for _, key := range []string{"sasl.login.class", "sasl.login.callback.handler.class", "sasl.client.callback.handler.class"} {
		if class := r.text(key); !slices.Contains(knownLogin(), className(class)) {
			r.failf("%s=%s: there is no Java here; leave it out", key, class)
		}
	}
	j, err := parseJAAS(r.Properties["sasl.jaas.config"])
	if err != nil {
		r.failf("sasl.jaas.config: %w", err)
		return nil
	}
	if j.module == "" && mechanism != "GSSAPI" && mechanism != "" {
		r.failf("sasl.jaas.config is not set, which sasl.mechanism=%s needs%s", mechanism, loginFile())
		return nil
	}
	switch mechanism {
	case "PLAIN":
		if user, pass, ok := r.nameAndPassword(j, mechanism); ok {
			return plain.Auth{User: user, Pass: pass}.AsMechanism()
		}
	case "SCRAM-SHA-256", "SCRAM-SHA-512":
		if user, pass, ok := r.nameAndPassword(j, mechanism); ok {
			auth := scram.Auth{User: user, Pass: pass, IsToken: strings.EqualFold(j.options["tokenauth"], "true")}
			if mechanism == "SCRAM-SHA-256" {
				return auth.AsSha256Mechanism()
			}
			return auth.AsSha512Mechanism()
		}
	case "OAUTHBEARER":
		return r.oauth(j)
	case "", "GSSAPI":
		r.failf("sasl.mechanism=GSSAPI (the default): the commands do not speak Kerberos; use a listener with PLAIN, SCRAM-SHA-256, SCRAM-SHA-512 or OAUTHBEARER")
	default:
		r.failf("sasl.mechanism=%s: the commands know PLAIN, SCRAM-SHA-256, SCRAM-SHA-512 and OAUTHBEARER", mechanism)
	}
	return nil
}

// loginFile is the hint for who has the login in a file of Java's.
func loginFile() string {
	if strings.Contains(os.Getenv("KAFKA_OPTS"), "java.security.auth.login.config") {
		return " (the file that KAFKA_OPTS names is Java's own: copy its KafkaClient line into the property)"
	}
	return ""
}

func (r *reading) nameAndPassword(j jaas, mechanism string) (string, string, bool) {
	want := map[string][]string{
		"PLAIN":         {"PlainLoginModule"},
		"SCRAM-SHA-256": {"ScramLoginModule"},
		"SCRAM-SHA-512": {"ScramLoginModule"},
	}
	if !slices.Contains(want[mechanism], className(j.module)) {
		r.failf("sasl.jaas.config: %s is not the login module of %s, which is %s", j.module, mechanism, strings.Join(want[mechanism], " or "))
		return "", "", false
	}
	for _, option := range []string{"username", "password"} {
		if _, set := j.options[option]; !set {
			r.failf("sasl.jaas.config: no %s=\"...\" in it, which %s needs", option, mechanism)
			return "", "", false
		}
	}
	return j.options["username"], j.options["password"], true
}
