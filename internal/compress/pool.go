package compress

// Pool keeps the state of packers and unpackers between uses. A node owns one
// and hands it down; the zero value is ready, and it is safe for concurrent
// use. What it keeps holds no goroutine, timer or lock of its own, and is given
// back to the garbage collector when it is not used for a while.
type Pool struct {
}

// Compress appends src, packed, to dst and returns the longer slice.
func (p *Pool) Compress(dst, src []byte, codec Codec, level Level) ([]byte, error) {
	return dst, ErrUnknownCodec
}

// Decompress appends src, unpacked, to dst. It fails with [ErrTooLarge] as soon
// as more than max bytes come out, and with [ErrCorrupt] for damaged data. dst
// grows with what comes out, never by what a header claims.
func (p *Pool) Decompress(dst, src []byte, codec Codec, max int) ([]byte, error) {
	return dst, ErrUnknownCodec
}

// Reader unpacks src piece by piece, in fixed memory. The caller closes it,
// which gives it back to the pool; until then src must not change.
func (p *Pool) Reader(src []byte, codec Codec) (*Reader, error) {
	return nil, ErrUnknownCodec
}

// Reader is a stream of unpacked bytes, made by [Pool.Reader].
type Reader struct {
}

// Read fills p as io.Reader does; damaged data gives [ErrCorrupt].
func (r *Reader) Read(p []byte) (int, error) { return 0, ErrCorrupt }

// Close gives the reader back to its pool; it must not be used afterwards.
func (r *Reader) Close() {}
