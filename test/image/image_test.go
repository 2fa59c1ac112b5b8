// Package image unpacks the container image and runs it as a container engine
// would: in its own root directory, as its own user. Kind: test
package image

import (
	"archive/tar"
	"bufio"
	"compress/gzip"
	"encoding/json"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-containerregistry/pkg/v1/tarball"

	"github.com/gregor-stream/gregor/test/harness"
)

// archive builds the image, and returns its file.
func archive(t *testing.T) string {
	t.Helper()
	out := filepath.Join(t.TempDir(), "gregor.tar")
	cmd := exec.Command("go", "run", "./cmd/image", "-out", out)
	cmd.Dir = filepath.Join(harness.Root(), "test")
	if text, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	return out
}

// config is the part of an image's configuration that is looked at.
type config struct {
	User        string
	Entrypoint  []string
	Cmd         []string
	Volumes     map[string]struct{}
	Healthcheck struct{ Test []string }
}

// unpack lays the image's files out below a directory, owned as they say where
// this is root.
func unpack(t *testing.T, file string) (root string, c config) {
	t.Helper()
	image, err := tarball.ImageFromPath(file, nil)
	if err != nil {
		t.Fatal(err)
	}
	raw, err := image.RawConfigFile()
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(raw, &struct{ Config *config }{&c}); err != nil {
		t.Fatal(err)
	}
	layers, err := image.Layers()
	if err != nil || len(layers) != 1 {
		t.Fatalf("%d layers: %v", len(layers), err)
	}
	in, err := layers[0].Uncompressed()
	if err != nil {
		t.Fatal(err)
	}
	root = t.TempDir()
	for dir := root; dir != "/" && dir != "."; dir = filepath.Dir(dir) { // the image's user has to pass
		_ = os.Chmod(dir, 0o755) // those of others are passable already
		if filepath.Dir(dir) == os.TempDir() {
			break
		}
	}
	files := tar.NewReader(in)
	for {
		h, err := files.Next()
		if errors.Is(err, io.EOF) {
			return root, c
		}
		if err != nil {
			t.Fatal(err)
		}
		path := filepath.Join(root, filepath.Clean("/"+h.Name))
		if h.Typeflag == tar.TypeDir {
			err = os.Mkdir(path, 0o755)
		} else {
			var data []byte
			if data, err = io.ReadAll(files); err == nil {
				err = os.WriteFile(path, data, 0o755)
			}
		}
		if err != nil {
			t.Fatal(err)
		}
		if os.Getuid() == 0 {
			if err := os.Chown(path, h.Uid, h.Gid); err != nil {
				t.Fatal(err)
			}
		}
	}
}

// contained is a command of the image. Only root may change the root
// directory and the user; anybody else runs the binary as it lies.
func contained(t *testing.T, root string, c config, args ...string) *exec.Cmd {
	t.Helper()
	if os.Getuid() != 0 {
		args = append([]string{filepath.Join(root, args[0])}, args[1:]...)
		for i := range args {
			if args[i] == "/var/lib/gregor" {
				args[i] = filepath.Join(root, args[i])
			}
		}
		return exec.Command(args[0], args[1:]...)
	}
	user, group, _ := strings.Cut(c.User, ":")
	uid, err := strconv.Atoi(user)
	if err != nil || uid == 0 {
		t.Fatalf("USER %s is no number, or root", c.User)
	}
	gid, err := strconv.Atoi(group)
	if err != nil {
		t.Fatalf("USER %s: %v", c.User, err)
	}
	cmd := &exec.Cmd{Path: args[0], Args: args, Dir: "/", Env: []string{}}
	cmd.SysProcAttr = &syscall.SysProcAttr{Chroot: root, Credential: &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}, Pdeathsig: syscall.SIGKILL}
	return cmd
}

// sizeMax is what the image may weigh, in bytes, compressed as a registry
// keeps it.
const sizeMax = 30_000_000

func TestTheImageServesWithoutRootAndKnowsItsHealth(t *testing.T) {
	file := archive(t)
	if size := packed(t, file); size > sizeMax {
		t.Errorf("the image has %d bytes, more than %d", size, sizeMax)
	}
	root, c := unpack(t, file)
	// Engines give every container its hosts file.
	if err := os.Mkdir(filepath.Join(root, "etc"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(root, "etc/hosts"), []byte("127.0.0.1 localhost\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	port, err := harness.FreePort()
	if err != nil {
		t.Fatal(err)
	}
	at := "localhost:" + strconv.Itoa(port)
	args := append(append([]string{}, c.Entrypoint...), c.Cmd...)
	for i := range args {
		args[i] = strings.NewReplacer("PLAINTEXT://:9092", "PLAINTEXT://127.0.0.1:"+strconv.Itoa(port), "localhost:9092", at).Replace(args[i])
	}
	cmd := contained(t, root, c, args...)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	var log strings.Builder
	cmd.Stderr = &log
	health := func() error {
		check := contained(t, root, c, append(append([]string{}, c.Healthcheck.Test[1:]...), "--bootstrap-server", at)...)
		text, err := check.CombinedOutput()
		if err != nil {
			return errors.New(err.Error() + ": " + string(text))
		}
		return nil
	}
	if err := health(); err == nil {
		t.Error("healthy before it was started")
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(out)
	for lines.Scan() && !strings.Contains(lines.Text(), "listening") {
		continue
	}
	if err := health(); err != nil {
		t.Errorf("not healthy although it serves: %v\n%s", err, log.String())
	}
	if err := harness.Ping(at); err != nil {
		t.Error(err)
	}
	if err := cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	killed := time.AfterFunc(30*time.Second, func() { _ = cmd.Process.Kill() })
	defer killed.Stop()
	for lines.Scan() { // to the end, so that it can write it
		continue
	}
	if err := cmd.Wait(); err != nil {
		t.Errorf("it does not end well on SIGTERM: %v\n%s", err, log.String())
	}
	if _, err := os.Stat(filepath.Join(root, "var/lib/gregor/meta.properties")); err != nil {
		t.Errorf("the data is not on the volume: %v", err)
	}
}

// packed is the size of a file when it is compressed.
func packed(t *testing.T, file string) int64 {
	t.Helper()
	in, err := os.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = in.Close() }()
	var n counter
	z := gzip.NewWriter(&n)
	if _, err := io.Copy(z, in); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return int64(n)
}

type counter int64

func (c *counter) Write(p []byte) (int, error) {
	*c += counter(len(p))
	return len(p), nil
}
