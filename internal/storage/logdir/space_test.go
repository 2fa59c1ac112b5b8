package logdir

import (
	"errors"
	"testing"

	"github.com/gregor-stream/gregor/internal/vfs"
)

// volume is a disk of 4 MiB, whose reserve is the least, 256 KiB.
func volume(t *testing.T) (*vfs.Mem, *Space) {
	t.Helper()
	m := vfs.NewMem(nil)
	must(t, m.MkdirAll("/d"))
	m.SetLimit(4 << 20)
	return m, NewSpace(m, "/d")
}

func write(t *testing.T, fsys vfs.FS, name string, bytes int) error {
	t.Helper()
	f, err := fsys.Open(name, vfs.Create)
	if err != nil {
		return err
	}
	_, err = f.WriteAt(make([]byte, bytes), 0)
	return errors.Join(err, f.Close())
}

func reserved(t *testing.T, m *vfs.Mem) int64 {
	t.Helper()
	info, err := m.Stat("/d/" + ReserveFile)
	if err != nil {
		return 0
	}
	return info.Size
}

func TestTheReserveIsTakenOnASmallDisk(t *testing.T) {
	m, s := volume(t)
	must(t, s.Check())
	if reserved(t, m) != 256<<10 || s.Full() {
		t.Fatalf("%d bytes are reserved", reserved(t, m))
	}
	large := vfs.NewMem(nil) // a tebibyte
	must(t, large.MkdirAll("/d"))
	must(t, NewSpace(large, "/d").Check())
	if n := reserved(t, large); n != 0 {
		t.Errorf("%d bytes are reserved on a disk with much space", n)
	}
	for total, want := range map[int64]int64{1: 256 << 10, 100 << 20: 100 << 20 / 64, 1 << 30: 16 << 20, 1 << 40: 16 << 20} {
		if got := reserveSize(total); got != want {
			t.Errorf("of %d bytes %d are reserved, want %d", total, got, want)
		}
	}
}

// What may use the reserve finds room on a full disk, and from then on records
// are refused until the reserve, and as much again, is free.
func TestTheReserveIsGivenUpAndTakenAgain(t *testing.T) {
	m, s := volume(t)
	must(t, s.Check())
	must(t, write(t, m, "/d/data", 4<<20-256<<10))
	if err := write(t, m, "/d/more", 100); !vfs.IsNoSpace(err) {
		t.Fatalf("the disk is not full: %v", err)
	}
	must(t, write(t, s.Spare(), "/d/metadata", 100))
	if !s.Full() || reserved(t, m) != 0 {
		t.Fatalf("full %v, %d bytes are reserved", s.Full(), reserved(t, m))
	}
	for _, free := range []struct {
		at    int
		over  bool
		bytes int64
	}{{4<<20 - 400<<10, false, 0}, {4<<20 - 600<<10, true, 256 << 10}} {
		must(t, m.Remove("/d/data"))
		must(t, write(t, m, "/d/data", free.at))
		must(t, s.Check())
		if s.Full() == free.over || reserved(t, m) != free.bytes {
			t.Errorf("with %d bytes used: full %v, %d bytes are reserved", free.at, s.Full(), reserved(t, m))
		}
	}
}

// A disk that says that it has space and refuses to be written is full: a quota
// shows itself in no other way. Of a reserve that could not be taken nothing is
// left.
func TestSpaceIsTriedByWriting(t *testing.T) {
	m, _ := volume(t)
	faults := vfs.NewFaults(m)
	s := NewSpace(faults, "/d")
	s.Filled()
	faults.Inject(vfs.Fault{Ops: vfs.OpWrite, After: 2, NoSpace: true, Short: true, Contains: ReserveFile})
	must(t, s.Check())
	if !s.Full() || reserved(t, m) != 0 {
		t.Fatalf("full %v, %d bytes are left", s.Full(), reserved(t, m))
	}
	faults.Heal()
	faults.Inject(vfs.Fault{Ops: vfs.OpWrite, After: 4, NoSpace: true, Contains: ReserveFile}) // the reserve fits, no more
	must(t, s.Check())
	if !s.Full() || reserved(t, m) != 256<<10 {
		t.Fatalf("full %v, %d bytes are reserved", s.Full(), reserved(t, m))
	}
	faults.Heal()
	must(t, s.Check())
	if s.Full() {
		t.Error("a disk with space is full")
	}
	faults.Inject(vfs.Fault{Ops: vfs.OpWrite, Contains: ReserveFile})
	s.Filled()
	if err := s.Check(); !vfs.IsFailed(err) {
		t.Errorf("a failed disk: %v", err)
	}
}

// A start on a full disk gives the reserve up, and where there is none it has
// records refused all the same.
func TestAStartOnAFullDisk(t *testing.T) {
	m, s := volume(t)
	must(t, s.Check())
	again := NewSpace(m, "/d")
	again.Prepare()
	if again.Full() || reserved(t, m) == 0 {
		t.Fatal("a reserve is given up on a disk with space")
	}
	must(t, write(t, m, "/d/data", 4<<20-256<<10))
	for range 2 {
		s = NewSpace(m, "/d")
		s.Prepare()
		if !s.Full() || reserved(t, m) != 0 {
			t.Fatalf("full %v, %d bytes are reserved", s.Full(), reserved(t, m))
		}
	}
}

// Asking for more than is needed does not cost the reserve; asking again does.
func TestALargeReservationLeavesTheReserve(t *testing.T) {
	m, s := volume(t)
	must(t, s.Check())
	must(t, write(t, m, "/d/data", 4<<20-300<<10))
	f, err := s.Spare().Open("/d/log", vfs.Create)
	must(t, err)
	if err := f.Preallocate(0, 100<<10); !vfs.IsNoSpace(err) || s.Full() {
		t.Fatalf("the first: %v, full %v", err, s.Full())
	}
	must(t, f.Preallocate(0, 1<<10))
	if s.Full() {
		t.Fatal("the reserve is given up for what fits without it")
	}
	_ = f.Preallocate(1<<10, 200<<10)
	must(t, f.Preallocate(1<<10, 200<<10))
	if !s.Full() {
		t.Error("the reserve is kept")
	}
	must(t, f.Close())
}

// What is missing is what Check waits for: with exactly that more the disk is
// not full any more.
func TestMissingIsWhatAFullDiskWaitsFor(t *testing.T) {
	m := vfs.NewMem(nil)
	if err := m.MkdirAll("/d"); err != nil {
		t.Fatal(err)
	}
	s := NewSpace(m, "/d")
	const size = 4 << 20
	for _, less := range []int64{1, 0} {
		m.SetLimit(size)
		if err := vfs.WriteFile(m, "/d/x", make([]byte, size-1000)); err != nil {
			t.Fatal(err)
		}
		s.Filled()
		missing := s.Missing()
		if missing != 2*256<<10-1000 {
			t.Fatalf("%d bytes are missing", missing)
		}
		m.SetLimit(size + missing - less)
		if err := s.Check(); err != nil || s.Full() != (less > 0) {
			t.Errorf("%d less than what is missing: full %v, %v", less, s.Full(), err)
		}
	}
	if s.Missing() != 0 {
		t.Errorf("%d bytes are missing on a disk that is not full", s.Missing())
	}
}
