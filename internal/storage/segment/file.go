// Package segment keeps one segment of a log: the .log file with its sparse
// .index and .timeindex, and the .txnindex of aborted transactions, in Kafka's
// formats. It knows batches, but no producers and no leaders. Kind: disk
package segment

// File is a segment's data file with a count of those who use it.
type File struct{}

// ReadAt reads from the file.
func (f *File) ReadAt(p []byte, at int64) (int, error) { return 0, nil }

// Release lets go of one use.
func (f *File) Release() {}
