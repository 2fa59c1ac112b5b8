package doctor_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/gregor-stream/gregor"
	"github.com/gregor-stream/gregor/internal/cli"
	"github.com/gregor-stream/gregor/internal/cli/command"
	"github.com/gregor-stream/gregor/internal/cli/doctor"
)

// examine runs the doctor and returns its findings that are not fine. How full
// the machine's disk is, is no matter of these tests: judge_test.go has that.
func examine(t *testing.T, wantCode int, args ...string) []string {
	t.Helper()
	var out, errs bytes.Buffer
	code := cli.Main(t.Context(), "gregor", append([]string{"doctor", "--format", "json"}, args...), &command.Env{In: strings.NewReader(""), Out: &out, Err: &errs})
	if code != wantCode {
		t.Fatalf("exit code %d, want %d\n%s%s", code, wantCode, out.String(), errs.String())
	}
	var list []doctor.Finding
	if err := json.Unmarshal(out.Bytes(), &list); err != nil {
		t.Fatalf("%v: %s", err, out.String())
	}
	var found []string
	for _, f := range list {
		if f.Severity != doctor.Fine && f.Check != "disks" {
			found = append(found, fmt.Sprintf("%s %s %s: %s", f.Severity, f.Check, f.Subject, f.Message))
		}
	}
	return found
}

// filled is a data directory of a broker that has stopped, with records; the
// group g has read a part that is deleted.
func filled(t *testing.T, look func(at string)) string {
	t.Helper()
	dir := t.TempDir()
	s, err := gregor.Start(t.Context(), gregor.Config{Dir: dir, Properties: []string{"listeners=PLAINTEXT://127.0.0.1:0"}})
	if err != nil {
		t.Fatal(err)
	}
	c, err := kgo.NewClient(kgo.SeedBrokers(s.Addr()), kgo.AllowAutoTopicCreation(), kgo.DefaultProduceTopic("t"))
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	for range 100 {
		if err := c.ProduceSync(t.Context(), &kgo.Record{Value: bytes.Repeat([]byte("v"), 1000)}).FirstErr(); err != nil {
			t.Fatal(err)
		}
	}
	adm := kadm.NewClient(c)
	offsets := kadm.Offsets{}
	offsets.AddOffset("t", 0, 10, -1)
	if err := adm.CommitAllOffsets(t.Context(), "g", offsets); err != nil {
		t.Fatal(err)
	}
	if look != nil {
		look(s.Addr())
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	return dir
}

func TestTheDoctorSaysWhatAGroupHasLost(t *testing.T) {
	filled(t, func(at string) {
		if found := examine(t, 0, "--bootstrap-server", at); len(found) != 1 || !strings.Contains(found[0], "90 records wait") {
			t.Errorf("a group without members: %q", found)
		}
		c, err := kgo.NewClient(kgo.SeedBrokers(at))
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		offsets := kadm.Offsets{}
		offsets.AddOffset("t", 0, 42, -1)
		if _, err := kadm.NewClient(c).DeleteRecords(t.Context(), offsets); err != nil {
			t.Fatal(err)
		}
		if found := examine(t, 1, "--bootstrap-server", at); len(found) < 1 || !strings.Contains(found[0], "bad retention group g, t-0: 32 records were deleted before they were read") {
			t.Errorf("deleted records: %q", found)
		}
	})
}

func TestTheDoctorFindsDamageOnDisk(t *testing.T) {
	dir := filled(t, nil)
	if found := examine(t, 0, "--dir", dir); len(found) > 0 {
		t.Fatalf("a healthy directory: %q", found)
	}
	log := filepath.Join(dir, "t-0", "00000000000000000000.log")
	whole, err := os.ReadFile(log)
	if err != nil {
		t.Fatal(err)
	}
	write := func(data []byte) {
		if err := os.WriteFile(log, data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	flipped := bytes.Clone(whole)
	flipped[len(whole)/2+50] ^= 1
	write(flipped)
	if found := examine(t, 1, "--dir", dir); len(found) != 1 || !strings.Contains(found[0], "bad data t-0/00000000000000000000.log: position ") || !strings.Contains(found[0], "is corrupt") {
		t.Errorf("a flipped bit: %q", found)
	}
	if found := examine(t, 0, "--dir", dir, "--quick"); len(found) != 0 {
		t.Errorf("--quick reads no data: %q", found)
	}
	write(whole[:len(whole)-5])
	if found := examine(t, 1, "--dir", dir); len(found) != 1 || !strings.Contains(found[0], "ends within a batch") {
		t.Errorf("a cut file: %q", found)
	}
	// After a crash, what the recovery point does not cover is no loss.
	for _, name := range []string{".kafka_cleanshutdown", "recovery-point-offset-checkpoint"} {
		if err := os.Remove(filepath.Join(dir, name)); err != nil {
			t.Fatal(err)
		}
	}
	found := strings.Join(examine(t, 0, "--dir", dir), "\n")
	if !strings.Contains(found, "warn data") || !strings.Contains(found, "did not stop cleanly") {
		t.Errorf("a cut end after a crash: %s", found)
	}
	write(whole)
	for _, name := range []string{".gregor-journal-0", ".gregor-journal-1.kept-1"} {
		if err := os.WriteFile(filepath.Join(dir, name), nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	found = strings.Join(examine(t, 0, "--dir", dir), "\n")
	if !strings.Contains(found, "sync journal (.gregor-journal-*) is not put back yet") || !strings.Contains(found, ".gregor-journal-1.kept-1: is of a sync journal") {
		t.Errorf("a sync journal that was left: %s", found)
	}
	if err := os.WriteFile(filepath.Join(dir, "meta.properties"), []byte("version=x\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(filepath.Join(dir, "nonsense"), 0o700); err != nil {
		t.Fatal(err)
	}
	found = strings.Join(examine(t, 1, "--dir", dir), "\n")
	if !strings.Contains(found, "bad identity") || !strings.Contains(found, `"nonsense" is not topic-partition`) {
		t.Errorf("a spoiled directory: %s", found)
	}
}
