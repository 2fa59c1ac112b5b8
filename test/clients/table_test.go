package clients

import (
	"fmt"
	"strings"
	"sync"

	"github.com/gregor-stream/gregor/test/harness"
)

// table collects outcomes of clients that run in parallel.
type table struct {
	section string // of the page
	clients []client
	steps   []string // in order
	// before prepares a broker for a script, after adds steps of its own.
	before func(bootstrap, prefix string) error
	after  func(bootstrap, prefix string, said map[string]line) []line

	mu       sync.Mutex
	outcomes map[string]map[string]outcome // by client and step
	missing  map[string]string             // why a client did not run
}

func newTable(section string, clients []client, steps []string) *table {
	return &table{section: section, clients: clients, steps: steps, outcomes: map[string]map[string]outcome{}, missing: map[string]string{}}
}

func (table *table) add(client string, outcomes map[string]outcome) {
	table.mu.Lock()
	defer table.mu.Unlock()
	table.outcomes[client] = outcomes
}

func (table *table) lacks(client, why string) {
	table.mu.Lock()
	defer table.mu.Unlock()
	table.missing[client] = why
}

// cell says in a word how a step went.
func cell(o outcome) string {
	switch {
	case o.kafka.Cannot != "":
		return "–"
	case o.kafka.Step == "" || o.kafka.Error != "":
		return "?"
	case o.gregor.Step == "" || o.gregor.Error != "":
		return "fails"
	case !same(o):
		return "differs"
	}
	return "same"
}

// write makes the page. The parts that other runs write are kept.
func (table *table) write() error {
	var page strings.Builder
	page.WriteString("| step |")
	clients := []string{}
	for _, c := range table.clients {
		if _, ok := table.outcomes[c.name]; ok {
			clients = append(clients, c.name)
			page.WriteString(" " + c.name + " |")
		}
	}
	page.WriteString("\n|---|" + strings.Repeat("---|", len(clients)) + "\n")
	var reasons []string
	for _, step := range table.steps {
		page.WriteString("| " + step + " |")
		for _, c := range clients {
			o := table.outcomes[c][step]
			page.WriteString(" " + cell(o) + " |")
			if o.kafka.Cannot != "" {
				reasons = append(reasons, fmt.Sprintf("* %s, %s: %s", c, step, o.kafka.Cannot))
			}
		}
		page.WriteString("\n")
	}
	page.WriteString("\n`same`: the client saw the same on both brokers, masked by the committed list in\n")
	page.WriteString("`test/clients/clients_test.go`. `–`: the client cannot do it:\n\n" + strings.Join(reasons, "\n") + "\n")
	for client, why := range table.missing {
		fmt.Fprintf(&page, "\n%s did not run: %s\n", client, why)
	}
	return harness.WriteSection(table.section, page.String())
}
