package client

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"os"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/twmb/franz-go/pkg/sasl"
	"github.com/twmb/franz-go/pkg/sasl/oauth"
)

// tokenBytesMax bounds a token, and the answer of a token endpoint.
const tokenBytesMax = 1 << 20

// oauth reads where the token of OAUTHBEARER comes from: without a login
// callback handler it is an unsecured one made of the options, for tests, as
// in Kafka; with OAuthBearerLoginCallbackHandler it comes from a file or a
// token endpoint.
func (r *reading) oauth(j jaas) sasl.Mechanism {
	if className(j.module) != "OAuthBearerLoginModule" {
		r.failf("sasl.jaas.config: %s is not the login module of OAUTHBEARER, which is OAuthBearerLoginModule", j.module)
		return nil
	}
	var fetch func(context.Context) (string, error)
	prefix := "extension_"
	if className(r.text("sasl.login.callback.handler.class")) == "OAuthBearerLoginCallbackHandler" {
		fetch = r.retriever(j)
	} else {
		prefix = "unsecuredLoginExtension_"
		_, err := unsecuredToken(j.options, time.Now())
		r.fail(err)
		fetch = func(context.Context) (string, error) { return unsecuredToken(j.options, time.Now()) }
	}
	if fetch == nil || r.err() != nil {
		return nil
	}
	extensions := make(map[string]string)
	for name, value := range j.options {
		if name, ok := strings.CutPrefix(name, prefix); ok {
			extensions[name] = value
		}
	}
	kept := &tokenKeeper{fetch: fetch}
	return oauth.Oauth(func(ctx context.Context) (oauth.Auth, error) {
		token, err := kept.token(ctx)
		return oauth.Auth{Token: token, Extensions: extensions}, err
	})
}

// tokenKeeper keeps a token until four fifths of its life are over
// (sasl.login.refresh.window.factor), so that a connection does not fetch one
// each.
type tokenKeeper struct {
	fetch func(context.Context) (string, error)

	mu    sync.Mutex
	kept  string
	until time.Time
}

func (k *tokenKeeper) token(ctx context.Context) (string, error) {
	k.mu.Lock()
	defer k.mu.Unlock() // connections that are opened together wait for one token
	if k.kept != "" && time.Now().Before(k.until) {
		return k.kept, nil
	}
	token, err := k.fetch(ctx)
	if err != nil {
		return "", &loginError{err}
	}
	k.kept, k.until = token, time.Time{}
	if end := tokenEnd(token); !end.IsZero() {
		k.until = time.Now().Add(time.Until(end) * 4 / 5)
	}
	return token, nil
}

// loginError is a token that cannot be had: waiting does not mend it.
type loginError struct{ err error }

func (e *loginError) Error() string { return "SASL: no token: " + e.err.Error() }
func (e *loginError) Unwrap() error { return e.err }

// tokenEnd is when a token expires by its own word; zero where it has none.
func tokenEnd(token string) time.Time {
	parts := strings.Split(token, ".")
	if len(parts) != 3 {
		return time.Time{}
	}
	body, err := base64.RawURLEncoding.DecodeString(parts[1])
	var claims struct {
		Exp float64 `json:"exp"`
	}
	if err != nil || json.Unmarshal(body, &claims) != nil || claims.Exp <= 0 {
		return time.Time{}
	}
	return time.UnixMilli(int64(claims.Exp * 1000))
}

// unsecuredToken is an unsecured JWS made of the options of a login module, as
// OAuthBearerUnsecuredLoginCallbackHandler makes it. Only test brokers take it.
func unsecuredToken(options map[string]string, now time.Time) (string, error) {
	lifetime, principal := int64(3600), "sub"
	seconds := float64(now.UnixMilli()) / 1000
	claims := map[string]any{"iat": seconds}
	for name, value := range options {
		switch {
		case name == "unsecuredLoginLifetimeSeconds":
			n, err := strconv.ParseInt(value, 10, 64)
			if err != nil {
				return "", fmt.Errorf("sasl.jaas.config: %s=%s: want a number", name, value)
			}
			lifetime = n
		case name == "unsecuredLoginPrincipalClaimName" && strings.TrimSpace(value) != "":
			principal = strings.TrimSpace(value)
		default:
			if err := unsecuredClaim(claims, name, value); err != nil {
				return "", err
			}
		}
	}
	claims["exp"] = seconds + float64(lifetime)
	if text, ok := claims[principal].(string); !ok || text == "" {
		return "", fmt.Errorf("sasl.jaas.config: OAUTHBEARER without OAuthBearerLoginCallbackHandler makes an unsecured token, which wants unsecuredLoginStringClaim_%s=\"...\"", principal)
	}
	body, err := json.Marshal(claims)
	if err != nil {
		return "", err
	}
	code := base64.RawURLEncoding.EncodeToString
	return code([]byte(`{"alg":"none"}`)) + "." + code(body) + ".", nil
}

func unsecuredClaim(claims map[string]any, name, value string) error {
	var claim any
	kind, key, _ := strings.Cut(name, "_")
	switch kind {
	case "unsecuredLoginStringClaim":
		claim = value
	case "unsecuredLoginNumberClaim":
		n, err := strconv.ParseFloat(value, 64)
		if err != nil {
			return fmt.Errorf("sasl.jaas.config: %s=%s: want a number", name, value)
		}
		claim = n
	case "unsecuredLoginListClaim":
		claim = []string{}
		if len(value) > 1 {
			claim = strings.Split(value[1:], value[:1])
		}
	default:
		return nil
	}
	if key == "iat" || key == "exp" {
		return fmt.Errorf("sasl.jaas.config: Cannot explicitly set the '%s' claim", key)
	}
	if key != "" {
		claims[key] = claim
	}
	return nil
}

// retriever reads how a secured token is got: sasl.oauthbearer.*. TLS to the
// endpoint is as the ssl.* options of the login module say, not as those of
// the brokers (JaasOptionsUtils).
func (r *reading) retriever(j jaas) func(context.Context) (string, error) {
	class := className(r.text("sasl.oauthbearer.jwt.retriever.class"))
	endpoint, err := url.Parse(r.text("sasl.oauthbearer.token.endpoint.url"))
	if err != nil || endpoint.Scheme == "" {
		r.failf("sasl.oauthbearer.token.endpoint.url=%s: want https://..., http://... or file:///...", r.text("sasl.oauthbearer.token.endpoint.url"))
		return nil
	}
	if file := endpoint.Scheme == "file"; file && (class == "" || class == "DefaultJwtRetriever") || class == "FileJwtRetriever" {
		return func(context.Context) (string, error) { return tokenOfFile(endpoint.Path) }
	}
	e := &tokenEndpoint{
		url:     endpoint.String(),
		backoff: max(r.ms("sasl.login.retry.backoff.ms", 100*time.Millisecond), time.Millisecond),
		most:    r.ms("sasl.login.retry.backoff.max.ms", 10*time.Second),
	}
	own := &reading{Properties: j.options}
	secure := own.tls()
	if err := own.err(); err != nil {
		r.failf("sasl.jaas.config: %w", err)
	}
	e.client(secure, r.ms("sasl.login.connect.timeout.ms", 0), r.ms("sasl.login.read.timeout.ms", 0))
	switch class {
	case "", "DefaultJwtRetriever", "ClientCredentialsJwtRetriever":
		e.form = r.clientCredentials(j)
	case "JwtBearerJwtRetriever":
		e.form = r.jwtBearer()
	default:
		r.failf("sasl.oauthbearer.jwt.retriever.class=%s: there is no Java here; the commands know ClientCredentialsJwtRetriever, JwtBearerJwtRetriever and FileJwtRetriever", class)
	}
	return e.token
}

func tokenOfFile(file string) (string, error) {
	data, err := readBounded(file)
	if err != nil {
		return "", err
	}
	token := strings.TrimSpace(string(data))
	if strings.Count(token, ".") != 2 {
		return "", errors.New(file + " holds no JWT")
	}
	return token, nil
}

// clientCredentials is the request of RFC 6749, section 4.4: with a secret, or
// with a signed assertion where sasl.oauthbearer.assertion.* is set.
func (r *reading) clientCredentials(j jaas) func() (tokenRequest, error) {
	option := func(key, inJAAS string) string {
		if v := r.text(key); v != "" {
			return v
		}
		return strings.TrimSpace(j.options[inJAAS])
	}
	id := option("sasl.oauthbearer.client.credentials.client.id", "clientId")
	secret := option("sasl.oauthbearer.client.credentials.client.secret", "clientSecret")
	scope := option("sasl.oauthbearer.scope", "scope")
	if r.text("sasl.oauthbearer.assertion.file") != "" || r.text("sasl.oauthbearer.assertion.claim.iss") != "" {
		assert := r.assertion()
		return func() (tokenRequest, error) {
			assertion, err := assert()
			form := "client_assertion_type=" + url.QueryEscape("urn:ietf:params:oauth:client-assertion-type:jwt-bearer") +
				"&client_assertion=" + url.QueryEscape(assertion) + "&grant_type=client_credentials"
			if id != "" {
				form += "&client_id=" + url.QueryEscape(id)
			}
			return tokenRequest{form: form + scopeOf(url.QueryEscape(scope))}, err
		}
	}
	if id == "" || secret == "" {
		r.failf("sasl.oauthbearer.client.credentials.client.id and .client.secret are needed for %s", r.text("sasl.oauthbearer.token.endpoint.url"))
		return nil
	}
	if r.bool("sasl.oauthbearer.header.urlencode", false) {
		id, secret, scope = url.QueryEscape(id), url.QueryEscape(secret), url.QueryEscape(scope)
	}
	basic := "Basic " + base64.StdEncoding.EncodeToString([]byte(id+":"+secret))
	return func() (tokenRequest, error) {
		return tokenRequest{authorization: basic, form: "grant_type=client_credentials" + scopeOf(scope)}, nil
	}
}

// jwtBearer is the request of RFC 7523, section 2.1.
func (r *reading) jwtBearer() func() (tokenRequest, error) {
	scope, assert := r.text("sasl.oauthbearer.scope"), r.assertion()
	return func() (tokenRequest, error) {
		assertion, err := assert()
		return tokenRequest{form: "grant_type=" + url.QueryEscape("urn:ietf:params:oauth:grant-type:jwt-bearer") +
			"&assertion=" + url.QueryEscape(assertion) + scopeOf(url.QueryEscape(scope))}, err
	}
}

func scopeOf(scope string) string {
	if scope == "" {
		return ""
	}
	return "&scope=" + scope
}

// fileExists is an error that names the property where there is no such file.
func fileExists(key, file string) error {
	if _, err := os.Stat(file); err != nil {
		return fmt.Errorf("%s: %w", key, err)
	}
	return nil
}
