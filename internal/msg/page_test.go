package msg

import (
	"strings"
	"testing"

	"github.com/gregor-stream/gregor/internal/kafka"
)

func TestProtocolPageTellsWhatIsServed(t *testing.T) {
	page := string(ProtocolPage([]Served{
		{kafka.Produce, 0, 13}, {kafka.Fetch, 4, 18}, {kafka.ListOffsets, 1, 5},
	}))
	for _, want := range []string{
		"| 0 | Produce | 0 to 13 | 3 to 13 | 0 to 13 | served | broker |\n",
		"| 1 | Fetch | 0 to 18 | 4 to 18 | 4 to 18 | served | broker, controller |\n",
		"| 2 | ListOffsets | 0 to 11 | 1 to 11 | 1 to 5 | partly | broker |\n",
		"| 3 | Metadata | 0 to 13 | 0 to 13 | – | not yet | broker |\n",
		"| 4 | LeaderAndIsr | 0 to 7 | – | – | gone from Kafka 4 | broker |\n",
		" 2 are served here in all of its versions and 1 in some.\n",
	} {
		if !strings.Contains(page, want) {
			t.Errorf("the page lacks %q", want)
		}
	}
	if t.Failed() {
		t.Log(page)
	}
}
