package gregortest_test

import (
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"os"
	"reflect"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/gregor-stream/gregor/gregortest"
	"github.com/gregor-stream/gregor/internal/kafka"
	"github.com/gregor-stream/gregor/internal/msg"
	"github.com/gregor-stream/gregor/internal/wire"
)

// wireClient sends requests as they are, at any version.
type wireClient struct {
	t  testing.TB
	nc net.Conn
}

func dial(t testing.TB, b *gregortest.Broker) *wireClient {
	t.Helper()
	nc, err := b.DialContext(soon(t), "tcp", b.Addr())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = nc.Close() })
	return &wireClient{t, nc}
}

// ask sends a request and gives the body of the response.
func (w *wireClient) ask(req kmsg.Request) ([]byte, error) {
	frame := kmsg.NewRequestFormatter(kmsg.FormatterClientID("test")).AppendRequest(nil, req, 7)
	return w.exchange(frame, kafka.APIKey(req.Key()), req.GetVersion())
}

func (w *wireClient) exchange(frame []byte, key kafka.APIKey, version int16) ([]byte, error) {
	_ = w.nc.SetDeadline(time.Now().Add(10 * time.Second))
	if _, err := w.nc.Write(frame); err != nil {
		return nil, err
	}
	var head [4]byte
	if _, err := io.ReadFull(w.nc, head[:]); err != nil {
		return nil, err
	}
	body := make([]byte, binary.BigEndian.Uint32(head[:]))
	if _, err := io.ReadFull(w.nc, body); err != nil {
		return nil, err
	}
	_, at, err := wire.ParseResponseHeader(body, key, version)
	if err != nil {
		return nil, err
	}
	return body[at:], nil
}

// fill puts something into every list of a request and everything below, so that
// each of its parts asks for an answer.
func fill(v reflect.Value) {
	switch v.Kind() {
	case reflect.Struct:
		for i := range v.NumField() {
			if f := v.Field(i); f.CanSet() && v.Type().Field(i).Name != "UnknownTags" && v.Type().Field(i).Name != "Version" {
				fill(f)
			}
		}
	case reflect.Slice:
		if v.Type().Elem().Kind() == reflect.Uint8 {
			v.SetBytes([]byte("bytes"))
			return
		}
		element := reflect.New(v.Type().Elem()).Elem()
		if d, ok := reflect.TypeAssert[interface{ Default() }](element.Addr()); ok {
			d.Default()
		}
		fill(element)
		v.Set(reflect.Append(reflect.MakeSlice(v.Type(), 0, 1), element))
	case reflect.Pointer:
		if v.Type().Elem().Kind() == reflect.String {
			v.Set(reflect.ValueOf(new("name")))
		}
	case reflect.String:
		v.SetString("name")
	}
}

// places collects where fields named ErrorCode have a value, and fails on others.
func places(v reflect.Value, path string, code int16) (where []string) {
	switch v.Kind() {
	case reflect.Struct:
		for i := range v.NumField() {
			name := v.Type().Field(i).Name
			if name == "ErrorCode" && int16(v.Field(i).Int()) == code {
				where = append(where, path+name)
			}
			where = append(where, places(v.Field(i), path+name+".", code)...)
		}
	case reflect.Slice:
		for i := range v.Len() {
			where = append(where, places(v.Index(i), path, code)...)
		}
	case reflect.Pointer:
		if !v.IsNil() {
			where = places(v.Elem(), path, code)
		}
	}
	return where
}

// question is a request of a key and version that asks for something everywhere.
func question(key, version int16) kmsg.Request {
	req := kmsg.RequestForKey(key)
	if req == nil {
		panic(fmt.Sprintf("kmsg does not know the key %d", key))
	}
	if d, ok := req.(interface{ Default() }); ok {
		d.Default()
	}
	req.SetVersion(version)
	fill(reflect.ValueOf(req).Elem())
	switch r := req.(type) {
	case *kmsg.ProduceRequest:
		r.Acks = -1
	case *kmsg.FetchRequest:
		r.SessionID, r.SessionEpoch = 0, 0
	}
	return req
}

// TestEveryServedKeyCanFailInEveryVersion asks with another codec than the one
// that answers, and compares the places of the code with those in testdata.
func TestEveryServedKeyCanFailInEveryVersion(t *testing.T) {
	var got strings.Builder
	synctest.Test(t, func(t *testing.T) {
		b := gregortest.New(t, gregortest.Pipes())
		w := dial(t, b)
		for _, k := range served(t, w) {
			key := gregortest.API(k.ApiKey)
			first, before := k.MinVersion, ""
			for version := k.MinVersion; version <= k.MaxVersion; version++ {
				what := fmt.Sprintf("%s v%d", key, version)
				f := b.FailRequests(key, gregortest.ErrPolicyViolation, 1)
				body, err := w.ask(question(k.ApiKey, version))
				if err != nil {
					t.Fatalf("%s: %v", what, err)
				}
				resp := kmsg.ResponseForKey(k.ApiKey)
				resp.SetVersion(version)
				if err := resp.ReadFrom(body); err != nil {
					t.Errorf("%s: %v", what, err)
				}
				if f.Hits() != 1 {
					t.Errorf("%s: %d hits", what, f.Hits())
				}
				where := strings.Join(places(reflect.ValueOf(resp), "", int16(gregortest.ErrPolicyViolation)), " ")
				if before != "" && before != where {
					fmt.Fprintf(&got, "%s v%d-%d: %s\n", key, first, version-1, before)
					first = version
				}
				before = where
				if rest := leftOver(k.ApiKey, version, body); rest != "" {
					t.Errorf("%s: %s", what, rest)
				}
				f.Clear()
			}
			fmt.Fprintf(&got, "%s v%d-%d: %s\n", key, first, k.MaxVersion, before)
		}
	})
	want, err := os.ReadFile("testdata/places.txt")
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(strings.Split(string(want), "\n"), strings.Split(got.String(), "\n")); diff != "" {
		t.Errorf("the code stands elsewhere than testdata/places.txt says (-want +got):\n%s", diff)
	}
}

func TestCodesOfOnePartOfARequestStandBesideThatPart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := gregortest.New(t, gregortest.Pipes())
		incremental := func(req kmsg.Request) {
			r := req.(*kmsg.FetchRequest)
			r.SessionID, r.SessionEpoch = 5, 3
		}
		tests := []struct {
			key     gregortest.API
			version int16
			code    gregortest.Code
			change  func(kmsg.Request)
			where   string
		}{
			{gregortest.LeaveGroup, 2, gregortest.ErrUnknownMemberID, nil, "ErrorCode"},
			{gregortest.LeaveGroup, 3, gregortest.ErrUnknownMemberID, nil, "Members.ErrorCode"},
			{gregortest.LeaveGroup, 5, gregortest.ErrFencedInstanceID, nil, "Members.ErrorCode"},
			{gregortest.OffsetFetch, 1, gregortest.ErrUnstableOffsetCommit, nil, "Topics.Partitions.ErrorCode"},
			{gregortest.OffsetFetch, 7, gregortest.ErrUnstableOffsetCommit, nil, "Topics.Partitions.ErrorCode"},
			{gregortest.OffsetFetch, 9, gregortest.ErrUnstableOffsetCommit, nil, "Groups.Topics.Partitions.ErrorCode"},
			{gregortest.OffsetFetch, 9, gregortest.ErrUnstableOffsetCommit,
				func(r kmsg.Request) { r.(*kmsg.OffsetFetchRequest).Groups[0].Topics = nil }, "Groups.ErrorCode"},
			{gregortest.DescribeLogDirs, 4, gregortest.ErrKafkaStorageError, nil, "Dirs.ErrorCode"},
			{gregortest.Metadata, 13, gregortest.ErrRebootstrapRequired, nil, "ErrorCode"},
			{gregortest.Fetch, 12, gregortest.ErrFetchSessionIDNotFound, incremental, "ErrorCode"},
			{gregortest.Fetch, 17, gregortest.ErrInvalidFetchSessionEpoch, incremental, "ErrorCode"},
			{gregortest.ApiVersions, 0, gregortest.ErrUnsupportedVersion, nil, "ErrorCode"},
		}
		for _, c := range tests {
			f := b.FailRequests(c.key, c.code, 1)
			req := question(int16(c.key), c.version)
			if c.change != nil {
				c.change(req)
			}
			body, err := dial(t, b).ask(req)
			if err != nil {
				t.Fatal(err)
			}
			resp := kmsg.ResponseForKey(int16(c.key))
			resp.SetVersion(c.version)
			if err := resp.ReadFrom(body); err != nil {
				t.Error(err)
			}
			if where := strings.Join(places(reflect.ValueOf(resp), "", int16(c.code)), " "); where != c.where || f.Hits() != 1 {
				t.Errorf("%s v%d: %s stands at %q, want %q (%d hits)", c.key, c.version, c.code.Error(), where, c.where, f.Hits())
			}
			f.Clear()
		}
	})
}

// TestApiVersionsFailsInVersionZero: who asked for a version that is not served
// does not know how to read another.
func TestApiVersionsFailsInVersionZero(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := gregortest.New(t, gregortest.Pipes())
		b.FailRequests(gregortest.ApiVersions, gregortest.ErrUnsupportedVersion, 1)
		body, err := dial(t, b).ask(question(int16(gregortest.ApiVersions), 4))
		if err != nil {
			t.Fatal(err)
		}
		var resp kmsg.ApiVersionsResponse
		if err := resp.ReadFrom(body); err != nil || resp.ErrorCode != kerr.UnsupportedVersion.Code || len(resp.ApiKeys) != 1 || resp.ApiKeys[0].ApiKey != 18 {
			t.Errorf("got %+v (%v)", resp, err)
		}
	})
}

// leftOver says what is wrong with the length of a response, which kmsg does not.
func leftOver(key, version int16, body []byte) string {
	resp := msg.NewResponse(kafka.APIKey(key))
	if err := msg.Unmarshal(resp, body, version); err != nil {
		return err.Error()
	}
	return ""
}

// served is what the broker says that it serves.
func served(t *testing.T, w *wireClient) []kmsg.ApiVersionsResponseApiKey {
	t.Helper()
	req := kmsg.NewPtrApiVersionsRequest()
	body, err := w.ask(req)
	if err != nil {
		t.Fatal(err)
	}
	var resp kmsg.ApiVersionsResponse
	if err := resp.ReadFrom(body); err != nil || len(resp.ApiKeys) < 30 {
		t.Fatalf("%d keys are served (%v)", len(resp.ApiKeys), err)
	}
	return resp.ApiKeys
}
