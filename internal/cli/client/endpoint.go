package client

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"time"
)

// tokenEndpoint gives tokens over HTTP.
type tokenEndpoint struct {
	url           string
	form          func() (tokenRequest, error)
	http          *http.Client
	backoff, most time.Duration // the pauses between attempts, which end at most
}

// tokenRequest is what is asked for.
type tokenRequest struct {
	authorization string // the header; "" for none
	form          string
}

// client makes the HTTP client; timeouts of 0 are none beside the context's.
func (e *tokenEndpoint) client(secure *tls.Config, connect, read time.Duration) {
	transport := &http.Transport{
		Proxy:             http.ProxyFromEnvironment,
		TLSClientConfig:   secure.Clone(),
		DialContext:       (&net.Dialer{Timeout: connect}).DialContext,
		DisableKeepAlives: true,
	}
	e.http = &http.Client{Transport: transport, Timeout: read}
}

// token asks until there is an answer, or one that another attempt does not
// change, or the pauses have used up what they may.
func (e *tokenEndpoint) token(ctx context.Context) (string, error) {
	request, err := e.form()
	if err != nil {
		return "", err
	}
	deadline := time.Now().Add(e.most)
	for wait := e.backoff; ; wait *= 2 {
		token, again, err := e.ask(ctx, request)
		if err == nil || !again || time.Now().Add(wait).After(deadline) {
			return token, err
		}
		select {
		case <-ctx.Done():
			return "", err
		case <-time.After(wait):
		}
	}
}

// ask makes one attempt, and says whether another one may end better.
func (e *tokenEndpoint) ask(ctx context.Context, request tokenRequest) (string, bool, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, e.url, strings.NewReader(request.form))
	if err != nil {
		return "", false, err
	}
	req.Header.Set("Accept", "application/json")
	req.Header.Set("Cache-Control", "no-cache")
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	if request.authorization != "" {
		req.Header.Set("Authorization", request.authorization)
	}
	resp, err := e.http.Do(req)
	if err != nil {
		return "", true, err
	}
	defer func() { _ = resp.Body.Close() }()
	body, err := io.ReadAll(io.LimitReader(resp.Body, tokenBytesMax))
	if err != nil {
		return "", true, fmt.Errorf("%s: %w", e.url, err)
	}
	if resp.StatusCode != http.StatusOK && resp.StatusCode != http.StatusCreated {
		again := resp.StatusCode >= 500 && resp.StatusCode != http.StatusNotImplemented || resp.StatusCode == http.StatusTooManyRequests
		return "", again, fmt.Errorf("%s answered %s: %s", e.url, resp.Status, firstOf(body))
	}
	var answer struct {
		Access string `json:"access_token"`
		ID     string `json:"id_token"`
	}
	if err := json.Unmarshal(body, &answer); err != nil {
		return "", false, fmt.Errorf("%s answered no JSON: %w", e.url, err)
	}
	for _, token := range []string{answer.Access, answer.ID} {
		if token = strings.TrimSpace(token); token != "" {
			return token, false, nil
		}
	}
	return "", false, fmt.Errorf("%s: there is no access_token in the answer", e.url)
}

// firstOf is the beginning of an answer, on one line.
func firstOf(body []byte) string {
	return strings.Join(strings.Fields(string(body[:min(len(body), 300)])), " ")
}
