package compress

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"math/rand/v2"
	"runtime"
	"sync"
	"testing"

	"github.com/klauspost/compress/s2"
	"github.com/klauspost/compress/snappy/xerial"
	"github.com/klauspost/compress/zstd"
	"github.com/pierrec/lz4/v4"
	"pgregory.net/rapid"
)

var codecs = []Codec{None, Gzip, Snappy, Lz4, Zstd}

// sample is text of n bytes that compresses well but not absurdly.
func sample(n int) []byte {
	words := []string{"offset ", "leader ", "epoch ", "replica ", "broker ", "\x00\x01\x02", "7f3a9c"}
	r := rand.New(rand.NewPCG(uint64(n), 1))
	b := make([]byte, 0, n+8)
	for len(b) < n {
		b = append(b, words[r.IntN(len(words))]...)
	}
	return b[:n]
}

func TestWhatIsPackedUnpacks(t *testing.T) {
	pool := &Pool{}
	rapid.Check(t, func(t *rapid.T) {
		codec := rapid.SampledFrom(append([]Codec{Lz4Magic0}, codecs...)).Draw(t, "codec")
		lowest, highest, preset := (codec &^ 0x80).LevelRange()
		level := rapid.SampledFrom([]Level{DefaultLevel, preset, lowest, highest, (lowest + highest) / 2}).Draw(t, "level")
		src := rapid.OneOf(
			rapid.SliceOf(rapid.Byte()),
			rapid.Custom(func(t *rapid.T) []byte { return sample(rapid.IntRange(0, 400_000).Draw(t, "n")) }),
			rapid.Custom(func(t *rapid.T) []byte { return make([]byte, rapid.IntRange(0, 1_000_000).Draw(t, "n")) }),
		).Draw(t, "src")
		packed, err := pool.Compress([]byte("before"), src, codec, level)
		if err != nil || !bytes.HasPrefix(packed, []byte("before")) {
			t.Fatalf("compress: %v", err)
		}
		packed = packed[len("before"):]
		got, err := pool.Decompress([]byte("x"), packed, codec, len(src))
		if err != nil || !bytes.Equal(got[1:], src) {
			t.Fatalf("decompress: %v, %d bytes of %d", err, len(got)-1, len(src))
		}
		if len(src) > 0 {
			if _, err := pool.Decompress(nil, packed, codec, len(src)-1); !errors.Is(err, ErrTooLarge) {
				t.Fatalf("one byte too many gives %v", err)
			}
		}
	})
}

func TestReaderReadsAsWhole(t *testing.T) {
	pool := &Pool{}
	src := sample(1 << 20)
	for _, codec := range codecs[1:] {
		packed, err := pool.Compress(nil, src, codec, DefaultLevel)
		if err != nil {
			t.Fatal(err)
		}
		r, err := pool.Reader(packed, codec, len(src))
		if err != nil {
			t.Fatal(err)
		}
		got, err := io.ReadAll(r)
		r.Close()
		r.Close() // a second Close does nothing
		if err != nil || !bytes.Equal(got, src) {
			t.Errorf("%s: %v, %d bytes", codec, err, len(got))
		}
	}
}

func TestOtherLibrariesReadOurFramesAndWeTheirs(t *testing.T) {
	pool := &Pool{}
	src := sample(300_000)
	packed, _ := pool.Compress(nil, src, Lz4, DefaultLevel)
	if got, err := io.ReadAll(lz4.NewReader(bytes.NewReader(packed))); err != nil || !bytes.Equal(got, src) {
		t.Errorf("lz4 by pierrec: %v", err)
	}
	for _, options := range [][]lz4.Option{
		{lz4.BlockSizeOption(lz4.Block4Mb)},
		{lz4.BlockSizeOption(lz4.Block256Kb), lz4.BlockChecksumOption(true), lz4.ChecksumOption(true), lz4.SizeOption(uint64(len(src)))},
	} {
		var out bytes.Buffer
		w := lz4.NewWriter(&out)
		if err := w.Apply(options...); err != nil {
			t.Fatal(err)
		}
		_, _ = w.Write(src)
		_ = w.Close()
		if got, err := pool.Decompress(nil, out.Bytes(), Lz4, 1<<20); err != nil || !bytes.Equal(got, src) {
			t.Errorf("lz4 from pierrec: %v", err)
		}
	}
	packed, _ = pool.Compress(nil, src, Snappy, DefaultLevel)
	if got, err := xerial.Decode(packed); err != nil || !bytes.Equal(got, src) {
		t.Errorf("snappy by xerial: %v", err)
	}
	for name, packed := range map[string][]byte{"framed": xerial.Encode(nil, src), "raw": s2.EncodeSnappy(nil, src[:60_000])} {
		got, err := pool.Decompress(nil, packed, Snappy, 1<<20)
		if err != nil || !bytes.Equal(got, src[:len(got)]) {
			t.Errorf("snappy %s: %v", name, err)
		}
	}
	two := append(xerial.Encode(nil, src), xerial.Encode(nil, src)...)
	if got, err := pool.Decompress(nil, two, Snappy, 1<<20); err != nil || len(got) != 2*len(src) {
		t.Errorf("two snappy streams: %v", err)
	}
	first, _ := pool.Compress(nil, src, Gzip, 1)
	both, _ := pool.Compress(first, src, Gzip, 9)
	if got, err := pool.Decompress(nil, both, Gzip, 1<<20); err != nil || len(got) != 2*len(src) {
		t.Errorf("two gzip members: %v", err)
	}
	if got, err := pool.Decompress(nil, append(both, "junk"...), Gzip, 1<<20); err != nil || len(got) != 2*len(src) {
		t.Errorf("junk behind gzip members: %v", err)
	}
}

func TestLz4HeaderChecksumIsRightExceptInMagic0(t *testing.T) {
	pool := &Pool{}
	good, _ := pool.Compress(nil, []byte("abc"), Lz4, DefaultLevel)
	old, _ := pool.Compress(nil, []byte("abc"), Lz4Magic0, DefaultLevel)
	if bytes.Equal(good, old) {
		t.Fatal("the header of magic 0 is not the broken one")
	}
	if _, err := pool.Decompress(nil, old, Lz4, 10); !errors.Is(err, ErrCorrupt) {
		t.Errorf("a broken header checksum gives %v", err)
	}
	for _, frame := range [][]byte{good, old} {
		if got, err := pool.Decompress(nil, frame, Lz4Magic0, 10); err != nil || string(got) != "abc" {
			t.Errorf("as magic 0: %q, %v", got, err)
		}
	}
}

func TestXXH32(t *testing.T) {
	for in, want := range map[string]uint32{
		"":    0x02cc5d05,
		"a":   0x550d7456,
		"abc": 0x32d153ff,
		"Nobody inspects the spammish repetition": 0xe2293b2f,
	} {
		if got := xxh32([]byte(in)); got != want {
			t.Errorf("xxh32(%q) = %#x, want %#x", in, got, want)
		}
	}
}

func TestUnknownCodecsAndLevelsAreRefused(t *testing.T) {
	pool := &Pool{}
	for _, codec := range []Codec{5, 6, 7, 0x80, 0x85} {
		if _, err := pool.Decompress(nil, []byte("x"), codec, 10); !errors.Is(err, ErrUnknownCodec) {
			t.Errorf("decompress by %d: %v", codec, err)
		}
		if _, err := pool.Compress(nil, []byte("x"), codec, 0); !errors.Is(err, ErrUnknownCodec) {
			t.Errorf("compress by %d: %v", codec, err)
		}
	}
	for codec, level := range map[Codec]Level{Gzip: 10, Snappy: 1, Lz4: 18, Zstd: 23} {
		if _, err := pool.Compress(nil, []byte("x"), codec, level); err == nil {
			t.Errorf("%s took level %d", codec, level)
		}
	}
}

func TestCutDataIsCorrupt(t *testing.T) {
	pool := &Pool{}
	src := sample(200_000)
	for _, codec := range codecs[1:] {
		packed, _ := pool.Compress(nil, src, codec, DefaultLevel)
		for _, n := range []int{0, 1, 3, 5, 7, 9, 15, 17, 20, len(packed) / 2, len(packed) - 1} {
			got, err := pool.Decompress(nil, packed[:n], codec, len(src))
			if err == nil && len(got) == 0 && (codec == Zstd && n == 0 || codec == Snappy && n >= 16 && n < 20) {
				continue // nothing holds nothing, as Kafka reads it
			}
			if !errors.Is(err, ErrCorrupt) {
				t.Errorf("%s cut at %d of %d: %v, %d bytes", codec, n, len(packed), err, len(got))
			}
		}
	}
}

// allocated is how many bytes f allocates.
func allocated(f func()) uint64 {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	f()
	runtime.ReadMemStats(&after)
	return after.TotalAlloc - before.TotalAlloc
}

func TestClaimsAllocateNothing(t *testing.T) {
	hello, _ := (&Pool{}).Compress(nil, []byte("hello"), Zstd, 0)
	giant := binary.AppendUvarint(nil, 1<<31)
	claims := map[string]struct {
		codec  Codec
		packed []byte
	}{
		"snappy block of 2 GiB":   {Snappy, append(giant, 0, 'a')},
		"xerial chunk of 2 GiB":   {Snappy, append([]byte(xerialMagic), 0, 0, 0, 1, 0, 0, 0, 1, 0x7f, 0xff, 0xff, 0xff, 1)},
		"lz4 block of 4 MiB":      {Lz4, lz4Frame(7, 0x3fffff, 'a')},
		"zstd content of 1 GiB":   {Zstd, []byte{0x28, 0xb5, 0x2f, 0xfd, 0xa0, 0, 0, 0, 0x40, 0x0b, 0, 0, 'a'}},
		"zstd window of 2 GiB":    {Zstd, []byte{0x28, 0xb5, 0x2f, 0xfd, 0, 21 << 3, 0x0b, 0, 0, 'a'}},
		"zstd skips 4 GiB":        {Zstd, []byte{0x50, 0x2a, 0x4d, 0x18, 0xff, 0xff, 0xff, 0xff, 'a'}},
		"zstd reserved block":     {Zstd, []byte{0x28, 0xb5, 0x2f, 0xfd, 0, 0, 0x0f, 0, 0, 'a'}},
		"a good frame, warms all": {Zstd, hello},
	}
	pool := &Pool{}
	for name, claim := range claims {
		_, _ = pool.Decompress(nil, hello, Zstd, 1<<30) // the decoder's own tables
		got := allocated(func() { _, _ = pool.Decompress(nil, claim.packed, claim.codec, 1<<30) })
		if got > 200<<10 {
			t.Errorf("%s: %d bytes allocated", name, got)
		}
	}
}

func lz4Frame(sizeCode byte, blockLength uint32, data ...byte) []byte {
	frame := binary.LittleEndian.AppendUint32(nil, lz4FrameMagic)
	frame = append(frame, 0x60, sizeCode<<4)
	frame = append(frame, byte(xxh32(frame[4:])>>8))
	return append(binary.LittleEndian.AppendUint32(frame, blockLength), data...)
}

func TestJavasWindowOfLevel22IsNoAllocation(t *testing.T) {
	// A frame of the size a producer sends, with the window that zstd-jni names at its highest level.
	var out bytes.Buffer
	w, err := zstd.NewWriter(&out, zstd.WithWindowSize(zstdWindowMax), zstd.WithEncoderConcurrency(1))
	if err != nil {
		t.Fatal(err)
	}
	src := sample(3 * zstdWhole)
	for i := 0; i < len(src); i += 100_000 { // a stream: the content size is not known at its beginning
		_, _ = w.Write(src[i:min(len(src), i+100_000)])
		_ = w.Flush()
	}
	_ = w.Close()
	shape, err := zstdFrame(out.Bytes())
	if err != nil || shape.window != zstdWindowMax {
		t.Fatalf("window %d, %v", shape.window, err)
	}
	pool := &Pool{}
	var got []byte
	n := allocated(func() { got, err = pool.Decompress(make([]byte, 0, len(src)), out.Bytes(), Zstd, len(src)) })
	if err != nil || !bytes.Equal(got, src) {
		t.Fatalf("%v, %d bytes of %d", err, len(got), len(src))
	}
	if n > 8<<20 {
		t.Errorf("%d bytes allocated", n)
	}
}

// rle is a zstd frame of size zeros, in blocks of one repeated byte.
func rle(header []byte, size int) []byte {
	frame := append([]byte{0x28, 0xb5, 0x2f, 0xfd}, header...)
	for size > 0 {
		n := min(size, zstdBlockMax)
		size -= n
		block := n<<3 | 1<<1
		if size == 0 {
			block |= 1
		}
		frame = append(frame, byte(block), byte(block>>8), byte(block>>16), 0)
	}
	return frame
}

func TestZstdWindowsMustBePaidFor(t *testing.T) {
	const size = 64 << 20
	content := binary.LittleEndian.AppendUint32(nil, size)
	more := binary.LittleEndian.AppendUint32(nil, size+1)
	less := binary.LittleEndian.AppendUint32(nil, size-1)
	for name, c := range map[string]struct {
		frame []byte
		good  bool
	}{
		"a window of 128 MiB":        {rle([]byte{0, 17 << 3}, size), true},
		"a window of 144 MiB":        {rle([]byte{0, 17<<3 | 1}, size), false},
		"one segment":                {rle(append([]byte{0xa0}, content...), size), true},
		"a content size":             {rle(append([]byte{0x80, 10 << 3}, content...), size), true},
		"a content size, too large":  {rle(append([]byte{0x80, 10 << 3}, more...), size), false},
		"a content size, too small":  {rle(append([]byte{0x80, 10 << 3}, less...), size), false},
		"a dictionary nobody has":    {rle([]byte{1, 10 << 3, 7}, size), false},
		"the descriptor's spare bit": {rle([]byte{8, 10 << 3}, size), false},
	} {
		pool := &Pool{}
		total := 0
		n := allocated(func() {
			r, err := pool.Reader(c.frame, Zstd, size)
			if err != nil {
				t.Fatal(err)
			}
			for err == nil {
				var piece []byte
				piece, err = r.Next()
				total += len(piece)
			}
			r.Close()
			if good := errors.Is(err, io.EOF); good != c.good {
				t.Errorf("%s: %v", name, err)
			}
		})
		if c.good && total != size || n > 10<<20 {
			t.Errorf("%s: %d bytes, %d allocated for %d", name, total, n, len(c.frame))
		}
	}
}

func TestZstdOfAllShapes(t *testing.T) {
	// Distances of 20 MiB: only a window as large as the data can unpack them.
	r := rand.NewChaCha8([32]byte{})
	noise := make([]byte, 20<<20)
	_, _ = r.Read(noise)
	far := append(append([]byte{}, noise...), noise[:2<<20]...)
	for name, options := range map[string][]zstd.EOption{
		"one segment":   {zstd.WithSingleSegment(true)},
		"with checksum": {zstd.WithEncoderCRC(true), zstd.WithWindowSize(32 << 20)},
		"small window":  {zstd.WithWindowSize(1 << 10)},
	} {
		src := far
		if name == "small window" {
			src = sample(3 << 20)
		}
		w, err := zstd.NewWriter(nil, append(options, zstd.WithEncoderConcurrency(1))...)
		if err != nil {
			t.Fatal(err)
		}
		packed := w.EncodeAll(src, nil)
		if got, err := (&Pool{}).Decompress(nil, packed, Zstd, len(src)); err != nil || !bytes.Equal(got, src) {
			t.Errorf("%s: %v, %d bytes of %d", name, err, len(got), len(src))
		}
		two := append(append([]byte{}, packed...), packed...)
		if got, err := (&Pool{}).Decompress(nil, two, Zstd, 2*len(src)); err != nil || len(got) != 2*len(src) {
			t.Errorf("%s, twice: %v, %d bytes", name, err, len(got))
		}
	}
}

func TestBombsUnpackInFixedMemory(t *testing.T) {
	if testing.Short() {
		t.Skip("unpacks 192 MiB")
	}
	const size = 64 << 20
	zeros := make([]byte, 1<<20)
	pool := &Pool{}
	for _, codec := range []Codec{Gzip, Lz4, Zstd} {
		var bomb []byte
		switch codec {
		case Zstd: // RLE blocks
			bomb = []byte{0x28, 0xb5, 0x2f, 0xfd, 0, 10 << 3}
			for i := range size / zstdBlockMax {
				header := zstdBlockMax<<3 | 1<<1
				if i == size/zstdBlockMax-1 {
					header |= 1
				}
				bomb = append(bomb, byte(header), byte(header>>8), byte(header>>16), 0)
			}
		case Gzip:
			one, _ := pool.Compress(nil, zeros, Gzip, 9)
			bomb = bytes.Repeat(one, size/len(zeros))
		default:
			one, _ := pool.Compress(nil, zeros, Lz4, 9)
			blocks := one[7 : len(one)-4]
			bomb = append(append(one[:7:7], bytes.Repeat(blocks, size/len(zeros))...), 0, 0, 0, 0)
		}
		var total int
		n := allocated(func() {
			r, err := pool.Reader(bomb, codec, size)
			if err != nil {
				t.Fatal(err)
			}
			defer r.Close()
			for {
				piece, err := r.Next()
				if errors.Is(err, io.EOF) {
					return
				}
				if err != nil {
					t.Fatalf("%s after %d: %v", codec, total, err)
				}
				total += len(piece)
			}
		})
		if total != size || n > 8<<20 {
			t.Errorf("%s: %d bytes out of %d, %d allocated", codec, total, len(bomb), n)
		}
		if _, err := pool.Decompress(nil, bomb, codec, 1<<20); !errors.Is(err, ErrTooLarge) {
			t.Errorf("%s to 1 MiB: %v", codec, err)
		}
	}
}

func TestPoolIsForAll(t *testing.T) {
	pool := &Pool{}
	src := sample(100_000)
	var all sync.WaitGroup
	for worker := range 8 {
		all.Go(func() {
			for i := range 20 {
				codec := codecs[1+(worker+i)%4]
				packed, err := pool.Compress(nil, src, codec, DefaultLevel)
				if err != nil {
					t.Error(err)
					return
				}
				if got, err := pool.Decompress(nil, packed, codec, len(src)); err != nil || !bytes.Equal(got, src) {
					t.Errorf("%s: %v", codec, err)
				}
			}
		})
	}
	all.Wait()
}

func FuzzDecompress(f *testing.F) {
	pool := &Pool{}
	for _, codec := range append(codecs[1:], Lz4Magic0) {
		packed, _ := pool.Compress(nil, sample(3000), codec, DefaultLevel)
		f.Add(byte(codec), packed)
	}
	f.Add(byte(Snappy), s2.EncodeSnappy(nil, sample(3000)))
	f.Fuzz(func(t *testing.T, codec byte, packed []byte) {
		const limit = 1 << 20
		got, err := pool.Decompress(nil, packed, Codec(codec), limit)
		if len(got) > limit {
			t.Fatalf("%d bytes, %v", len(got), err)
		}
		if err != nil && !errors.Is(err, ErrCorrupt) && !errors.Is(err, ErrTooLarge) && !errors.Is(err, ErrUnknownCodec) {
			t.Fatalf("an error of no kind: %v", err)
		}
	})
}

func BenchmarkDecompress(b *testing.B) {
	pool := &Pool{}
	src := sample(64 << 10)
	for _, codec := range codecs[1:] {
		packed, _ := pool.Compress(nil, src, codec, DefaultLevel)
		b.Run(codec.String(), func(b *testing.B) {
			b.SetBytes(int64(len(src)))
			b.ReportAllocs()
			for b.Loop() {
				r, err := pool.Reader(packed, codec, len(src))
				if err != nil {
					b.Fatal(err)
				}
				for {
					if _, err := r.Next(); err != nil {
						break
					}
				}
				r.Close()
			}
		})
	}
}
