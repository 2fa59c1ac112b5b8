package java

// SplittableRandom is java.util.SplittableRandom: the same seed gives the same
// numbers, so that two runs, of Kafka's command and of ours, write the same
// records. The zero value has the seed 0.
type SplittableRandom struct{ seed uint64 }

// NewSplittableRandom is new SplittableRandom(seed).
func NewSplittableRandom(seed int64) *SplittableRandom {
	return &SplittableRandom{seed: uint64(seed)}
}

const goldenGamma = 0x9e3779b97f4a7c15

func (r *SplittableRandom) next() int32 {
	r.seed += goldenGamma
	return mix32(r.seed)
}

func mix32(z uint64) int32 {
	z = (z ^ z>>33) * 0x62a9d9ed799705f5
	return int32(((z ^ z>>28) * 0xcb24d0a5c88c35b3) >> 32)
}

// Intn is nextInt(bound): 0 to bound-1; bound is at least 1.
func (r *SplittableRandom) Intn(bound int32) int32 {
	n, m := r.next(), bound-1
	if bound&m == 0 {
		return n & m
	}
	for {
		u := int32(uint32(n) >> 1)
		n = u % bound
		if u+m-n >= 0 { // no overflow: u is in a whole run of bound numbers
			return n
		}
		n = r.next()
	}
}

// letters is how many there are in the alphabet.
const letters = 26

// fair is the last of the 31-bit numbers that are shared out equally between
// the letters. Above it a number is drawn again: that is 24 in 2^31.
const fair = (1<<31)/letters*letters - 1

// Letters fills b with letters from A to Z, each one nextInt(26). Four at a
// time, since a processor draws them side by side: a load is made of them.
func (r *SplittableRandom) Letters(b []byte) {
	const two, three, four = 2 * goldenGamma & (1<<64 - 1), 3 * goldenGamma & (1<<64 - 1), 4 * goldenGamma & (1<<64 - 1)
	for len(b) >= 4 {
		seed := r.seed
		u0, u1 := uint32(mix32(seed+goldenGamma))>>1, uint32(mix32(seed+two))>>1
		u2, u3 := uint32(mix32(seed+three))>>1, uint32(mix32(seed+four))>>1
		if max(u0, u1, u2, u3) > fair {
			r.slowLetters(b[:4])
		} else {
			b[0], b[1], b[2], b[3] = letter(u0), letter(u1), letter(u2), letter(u3)
			r.seed = seed + four
		}
		b = b[4:]
	}
	r.slowLetters(b)
}

func (r *SplittableRandom) slowLetters(b []byte) {
	for i := range b {
		b[i] = 'A' + byte(r.Intn(letters))
	}
}

func letter(u uint32) byte { return 'A' + byte(u%letters) }

// Random is java.util.Random, as far as it is used.
type Random struct{ seed int64 }

const (
	lcgMultiplier = 0x5deece66d
	lcgMask       = 1<<48 - 1
)

// NewRandom is new Random(seed).
func NewRandom(seed int64) *Random { return &Random{seed: (seed ^ lcgMultiplier) & lcgMask} }

func (r *Random) next() int32 {
	r.seed = (r.seed*lcgMultiplier + 0xb) & lcgMask
	return int32(r.seed >> 17)
}

// Intn is nextInt(bound): 0 to bound-1; bound is at least 1.
func (r *Random) Intn(bound int32) int32 {
	n, m := r.next(), bound-1
	if bound&m == 0 {
		return int32(int64(bound) * int64(n) >> 31)
	}
	for u := n; ; u = r.next() {
		n = u % bound
		if u-n+m >= 0 {
			return n
		}
	}
}
