package commands

import (
	"fmt"
	"strings"
	"testing"
)

// succeeds runs one of Gregor's own commands, which has to end well.
func succeeds(t *testing.T, w *World, stdin string, args ...string) string {
	t.Helper()
	p, err := w.Gregor(t.Context(), args, stdin)
	if err != nil {
		t.Fatal(err)
	}
	if p.Code != 0 {
		t.Fatalf("gregor %q: exit code %d\n%s%s", args, p.Code, p.Out, p.Err)
	}
	return p.Out
}

// consumed is what Kafka's console consumer reads of a topic.
func consumed(t *testing.T, w *World, addr, topic string, n int) string {
	t.Helper()
	p, err := w.Tools.Run("org.apache.kafka.tools.consumer.ConsoleConsumer", Words(fmt.Sprintf(
		"--bootstrap-server %s --topic %s --from-beginning --max-messages %d --timeout-ms 20000 --property print.key=true --property print.headers=true --property print.partition=true --property print.timestamp=true --property print.offset=true",
		addr, topic, n)), "")
	if err != nil {
		t.Fatal(err)
	}
	return Sorted(p.Out)
}

// TestOurOwnCommandsWorkWithBothClusters writes with produce, reads with tail
// and with Kafka's consumer, copies from each cluster to the other, and asks
// the doctor.
func TestOurOwnCommandsWorkWithBothClusters(t *testing.T) {
	w := world(t)
	clusters := w.Clusters()
	for i, from := range clusters {
		to := clusters[1-i]
		t.Run("from-"+from.Name, func(t *testing.T) {
			topic := uniqueName()
			create := Words(fmt.Sprintf("--bootstrap-server %s --create --topic %s --partitions 3", from.Addr, topic))
			if _, err := w.Tools.Run("org.apache.kafka.tools.TopicCommand", create, ""); err != nil {
				t.Fatal(err)
			}
			var lines strings.Builder
			for n := range 500 {
				fmt.Fprintf(&lines, `{"id":%d,"name":"n%d"}`+"\n", n, n)
			}
			succeeds(t, w, lines.String(), "produce", topic, "--bootstrap-server", from.Addr, "--input", "json", "--key-field", "id", "--header-field", "name", "--compression", "lz4")
			tail := succeeds(t, w, "", "tail", topic, "--bootstrap-server", from.Addr, "--from-beginning", "--follow=false", "--field", "id<250")
			if got := strings.Count(tail, "\n"); got != 250 {
				t.Errorf("tail shows %d records with id<250, want 250", got)
			}
			succeeds(t, w, "", "copy", topic, "--bootstrap-server", from.Addr, "--to", to.Addr)
			again := succeeds(t, w, "", "copy", topic, "--bootstrap-server", from.Addr, "--to", to.Addr)
			if !strings.Contains(again, "\n0 records of ") {
				t.Errorf("the second copy: %s", again)
			}
			if a, b := consumed(t, w, from.Addr, topic, 500), consumed(t, w, to.Addr, topic, 500); a != b || strings.Count(a, "\n") < 499 {
				t.Errorf("Kafka's consumer reads other records of the copy:\n%.1500s\n%.1500s", a, b)
			}
			// Others' tests share the clusters, so that some of their groups have
			// lost records: exit code 1.
			report, err := w.Gregor(t.Context(), []string{"doctor", "--bootstrap-server", from.Addr}, "")
			if err != nil {
				t.Fatal(err)
			}
			if report.Code > 1 || !strings.Contains(report.Out, " checks without a finding\n") || strings.Contains(report.Out, "could not be asked") {
				t.Errorf("the doctor: exit code %d\n%s%s", report.Code, report.Out, report.Err)
			}
			succeeds(t, w, "", "health", "--bootstrap-server", from.Addr)
		})
	}
}
