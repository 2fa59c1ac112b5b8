package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"slices"
	"text/tabwriter"
	"time"
)

// report is what a run found; the page is made from it.
type report struct {
	Date    string   `json:"date"`
	Machine machine  `json:"machine"`
	Memory  touched  `json:"touch"`
	Results []result `json:"results"`
}

func newReport(memory touched) *report {
	return &report{Date: time.Now().UTC().Format(time.DateOnly), Machine: thisMachine(), Memory: memory}
}

// table prints the figures for people.
func table(out io.Writer, results []result) error {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', tabwriter.AlignRight)
	// Errors of the writer come out of Flush.
	_, _ = fmt.Fprintln(w, "row\tfigure\tunit\tgregor\tkafka\tfloor\tR\tinterval\tF\tmark\tpairs\tverdict\t")
	for i := range results {
		r := &results[i]
		_, _ = fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%s\t%.3f\t%.2f-%.2f\t%s\t%s\t%d\t%s\t\n", r.Row, r.Figure, r.Unit,
			short(median(r.Gregor)), short(median(r.Kafka)), r.floorText(), r.R, r.RI[0], r.RI[1], r.fText(), r.markText(), len(r.Gregor), r.verdict())
	}
	return w.Flush()
}

func (r *result) floorText() string {
	if len(r.Floor) == 0 {
		return "-"
	}
	return short(median(r.Floor))
}

// short gives a figure with three digits at least, and never an exponent.
func short(v float64) string {
	if v >= 100 {
		return fmt.Sprintf("%.0f", v)
	}
	return fmt.Sprintf("%.3g", v)
}

func (r *result) fText() string {
	if r.F == 0 {
		return "-"
	}
	return fmt.Sprintf("%.2f", r.F)
}

func (r *result) markText() string {
	switch {
	case r.Mark == 0:
		return "-"
	case r.More:
		return fmt.Sprintf(">= %g", r.Mark)
	}
	return fmt.Sprintf("<= %g", r.Mark)
}

// verdict says in a word or two what the figure is worth.
func (r *result) verdict() string {
	counts := fact(r.R, r.RI[0], r.RI[1], len(r.Gregor))
	switch {
	case r.lost() && counts:
		return "LOST"
	case r.lost():
		return "behind, within the noise"
	case r.missed():
		return "mark missed"
	case !counts:
		return "ahead, within the noise"
	}
	return "ahead"
}

// write keeps the figures, and makes the page. Figures of rows that did not
// run now are kept, those of rows that exist no more go.
func (r *report) write(file, page string, order []row) error {
	var old report
	data, err := os.ReadFile(file)
	if err == nil {
		err = json.Unmarshal(data, &old)
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("%s: %w; remove it to begin anew", file, err)
	}
	var all []result
	for _, row := range order {
		of := func(r result) bool { return r.Row != row.name }
		found := slices.DeleteFunc(slices.Clone(r.Results), of)
		if len(found) == 0 {
			found = slices.DeleteFunc(slices.Clone(old.Results), of)
		}
		all = append(all, found...)
	}
	whole := *r
	whole.Results = all
	if data, err = json.MarshalIndent(&whole, "", "  "); err != nil {
		return err
	}
	if err := os.WriteFile(file, append(data, '\n'), 0o644); err != nil {
		return err
	}
	return os.WriteFile(page, []byte(whole.markdown()), 0o644)
}
