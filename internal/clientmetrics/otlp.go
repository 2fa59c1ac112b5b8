package clientmetrics

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"

	"google.golang.org/protobuf/encoding/protowire"

	"github.com/gregor-stream/gregor/internal/compress"
)

// Sample is one data point of a push. Its strings and attributes may alias the
// push's bytes.
type Sample struct {
	Name    string
	Counter bool // it only rises
	Delta   bool // the value is what was added since the last push
	Value   float64
	Attrs   []Attr // of the resource, then of the point
}

// Attr is an attribute of a data point.
type Attr struct{ Key, Value string }

// The bounds of one push. What is beyond is left out, but the last, which is
// refused.
const (
	samplesMax = 10_000
	attrsMax   = 16 // of one data point
)

// errOTLP is wrapped by every error about the form of a push.
var errOTLP = errors.New("not OTLP metrics")

// Decode reads a push, as unpacked bytes of at most maxBytes. It returns how
// many samples are left out because there are too many.
//
// The fields are those of opentelemetry.proto.metrics.v1.MetricsData. They are
// read one after the other, so that a push cannot take more memory than its
// samples do.
func Decode(pool *compress.Pool, p *Push, maxBytes int) ([]Sample, int, error) {
	data := p.Metrics
	if codec := compress.Codec(p.Compression); codec != compress.None { //nolint:gosec // Check has seen it
		var err error
		if data, err = pool.Decompress(nil, data, codec, maxBytes); err != nil {
			return nil, 0, fmt.Errorf("unpack a push of metrics: %w", err)
		}
	}
	d := decoder{}
	err := d.message(data, func(n protowire.Number, v field) error {
		if n == 1 { // resource_metrics
			return d.resourceMetrics(v.bytes)
		}
		return nil
	})
	if err != nil {
		return nil, 0, err
	}
	return d.samples, d.omitted, nil
}

type decoder struct {
	samples  []Sample
	omitted  int
	resource []Attr
}

// field is the value of one field, by its type on the wire.
type field struct {
	bytes  []byte // messages and strings
	number uint64 // integers
	double float64
}

// message calls f for each field of a message.
func (d *decoder) message(b []byte, f func(n protowire.Number, v field) error) error {
	for len(b) > 0 {
		n, kind, size := protowire.ConsumeTag(b)
		if size < 0 {
			return fmt.Errorf("%w: %w", errOTLP, protowire.ParseError(size))
		}
		b = b[size:]
		var v field
		switch kind {
		case protowire.BytesType:
			v.bytes, size = protowire.ConsumeBytes(b)
		case protowire.VarintType:
			v.number, size = protowire.ConsumeVarint(b)
		case protowire.Fixed64Type:
			v.number, size = protowire.ConsumeFixed64(b)
			v.double = math.Float64frombits(v.number)
		case protowire.Fixed32Type, protowire.StartGroupType, protowire.EndGroupType:
			size = protowire.ConsumeFieldValue(n, kind, b)
		default:
			size = -1
		}
		if size < 0 {
			return fmt.Errorf("%w: field %d: %w", errOTLP, n, protowire.ParseError(size))
		}
		b = b[size:]
		if err := f(n, v); err != nil {
			return err
		}
	}
	return nil
}

func (d *decoder) resourceMetrics(b []byte) error {
	d.resource = d.resource[:0:0]
	// The resource is wanted first, wherever it stands.
	err := d.message(b, func(n protowire.Number, v field) error {
		if n != 1 {
			return nil
		}
		return d.message(v.bytes, func(n protowire.Number, v field) error {
			if n == 1 {
				return d.attribute(v.bytes, &d.resource)
			}
			return nil
		})
	})
	if err != nil {
		return err
	}
	return d.message(b, func(n protowire.Number, v field) error {
		if n != 2 { // scope_metrics
			return nil
		}
		return d.message(v.bytes, func(n protowire.Number, v field) error {
			if n == 2 {
				return d.metric(v.bytes)
			}
			return nil
		})
	})
}

// metric reads one metric: a gauge, a sum, or the count and sum of a histogram.
func (d *decoder) metric(b []byte) error {
	name := ""
	err := d.message(b, func(n protowire.Number, v field) error {
		if n == 1 {
			name = string(v.bytes)
		}
		return nil
	})
	if err != nil {
		return err
	}
	return d.message(b, func(n protowire.Number, v field) error {
		switch n {
		case 5: // gauge
			return d.points(v.bytes, Sample{Name: name}, d.numberPoint)
		case 7: // sum
			return d.points(v.bytes, Sample{Name: name}, d.numberPoint)
		case 9, 10: // histogram, exponential histogram
			return d.points(v.bytes, Sample{Name: name, Counter: true}, d.histogramPoint)
		}
		return nil
	})
}

// points reads the data points of a metric, which come before or after what
// says how to take them.
func (d *decoder) points(b []byte, like Sample, point func([]byte, Sample) error) error {
	err := d.message(b, func(n protowire.Number, v field) error {
		switch n {
		case 2: // aggregation_temporality: 1 is delta
			like.Delta = v.number == 1
		case 3: // is_monotonic
			like.Counter = v.number != 0
		}
		return nil
	})
	if err != nil {
		return err
	}
	return d.message(b, func(n protowire.Number, v field) error {
		if n == 1 {
			return point(v.bytes, like)
		}
		return nil
	})
}

func (d *decoder) numberPoint(b []byte, s Sample) error {
	s.Attrs = slices.Clip(d.resource)
	err := d.message(b, func(n protowire.Number, v field) error {
		switch n {
		case 4: // as_double
			s.Value = v.double
		case 6: // as_int
			s.Value = float64(int64(v.number)) //nolint:gosec // sfixed64
		case 7:
			return d.attribute(v.bytes, &s.Attrs)
		}
		return nil
	})
	if err == nil {
		d.add(s)
	}
	return err
}

func (d *decoder) histogramPoint(b []byte, s Sample) error {
	s.Attrs = slices.Clip(d.resource)
	var count, sum float64
	err := d.message(b, func(n protowire.Number, v field) error {
		switch {
		case n == 4: // count
			count = float64(v.number)
		case n == 5: // sum
			sum = v.double
		case n == 9 || n == 1 && v.bytes != nil: // attributes; of an exponential histogram
			return d.attribute(v.bytes, &s.Attrs)
		}
		return nil
	})
	if err != nil {
		return err
	}
	name := s.Name
	s.Name, s.Value = name+".count", count
	d.add(s)
	s.Name, s.Value, s.Counter = name+".sum", sum, false // it may fall where values are negative
	d.add(s)
	return nil
}

func (d *decoder) add(s Sample) {
	if len(d.samples) >= samplesMax {
		d.omitted++
		return
	}
	d.samples = append(d.samples, s)
}

// attribute reads a KeyValue with a plain value; others are left out.
func (d *decoder) attribute(b []byte, into *[]Attr) error {
	var a Attr
	plain := false
	err := d.message(b, func(n protowire.Number, v field) error {
		switch n {
		case 1:
			a.Key = string(v.bytes)
		case 2:
			return d.message(v.bytes, func(n protowire.Number, v field) error {
				plain = n >= 1 && n <= 4
				switch n {
				case 1:
					a.Value = string(v.bytes)
				case 2:
					a.Value = strconv.FormatBool(v.number != 0)
				case 3:
					a.Value = strconv.FormatInt(int64(v.number), 10) //nolint:gosec // int64 on the wire
				case 4:
					a.Value = strconv.FormatFloat(v.double, 'g', -1, 64)
				}
				return nil
			})
		}
		return nil
	})
	if err == nil && plain && len(*into) < attrsMax {
		*into = append(*into, a)
	}
	return err
}
