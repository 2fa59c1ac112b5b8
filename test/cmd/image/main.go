// Command image builds the container image without Docker: it reads the last
// stage of the Dockerfile, builds the binary, and writes an archive that
// `docker load` and `podman load` take. Kind: tool
package main

import (
	"archive/tar"
	"bytes"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"

	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/tarball"

	"github.com/gregor-stream/gregor/test/harness"
)

func main() {
	out := flag.String("out", harness.Cache("image", "gregor.tar"), "the archive to write")
	arch := flag.String("arch", "amd64", "amd64 or arm64")
	flag.Parse()
	if err := build(*out, *arch); err != nil {
		fmt.Fprintln(os.Stderr, "image:", err)
		os.Exit(1)
	}
}

func build(out, arch string) error {
	text, err := os.ReadFile(filepath.Join(harness.Root(), "Dockerfile"))
	if err != nil {
		return err
	}
	config, copied, err := lastStage(string(text))
	if err != nil {
		return fmt.Errorf("Dockerfile: %w", err)
	}
	if err := os.MkdirAll(filepath.Dir(out), 0o755); err != nil {
		return err
	}
	binary := filepath.Join(filepath.Dir(out), "gregor-"+arch)
	cmd := exec.Command("go", "build", "-trimpath", "-ldflags=-s -w", "-o", binary, "./cmd/gregor")
	cmd.Dir = harness.Root()
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0", "GOOS=linux", "GOARCH="+arch)
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("go build: %w\n%s", err, out)
	}
	files, err := layer(binary, copied)
	if err != nil {
		return err
	}
	l, err := tarball.LayerFromOpener(func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(files)), nil })
	if err != nil {
		return err
	}
	image, err := mutate.AppendLayers(empty.Image, l)
	if err != nil {
		return err
	}
	image, err = mutate.ConfigFile(image, &v1.ConfigFile{OS: "linux", Architecture: arch, Config: *config,
		RootFS: v1.RootFS{Type: "layers", DiffIDs: diffIDs(l)}})
	if err != nil {
		return err
	}
	tag, err := name.NewTag("gregor:latest")
	if err != nil {
		return err
	}
	if err := tarball.WriteToFile(out, tag, image); err != nil {
		return err
	}
	info, err := os.Stat(out)
	if err != nil {
		return err
	}
	fmt.Printf("%s: %.1f MB\n", out, float64(info.Size())/1e6)
	return nil
}

func diffIDs(l v1.Layer) []v1.Hash {
	id, err := l.DiffID()
	if err != nil {
		return nil
	}
	return []v1.Hash{id}
}

// layer is the tar of the image's files: the binary, and the directories down
// to the data's, which belong to the image's user.
func layer(binary string, c *copied) ([]byte, error) {
	data, err := os.ReadFile(binary)
	if err != nil {
		return nil, err
	}
	var buf bytes.Buffer
	w := tar.NewWriter(&buf)
	for _, dir := range c.dirs {
		if err := w.WriteHeader(&tar.Header{Typeflag: tar.TypeDir, Name: dir + "/", Mode: 0o755, Uid: c.uid, Gid: c.gid}); err != nil {
			return nil, err
		}
	}
	if err := w.WriteHeader(&tar.Header{Typeflag: tar.TypeReg, Name: "gregor", Mode: 0o755, Uid: c.uid, Gid: c.gid, Size: int64(len(data))}); err != nil {
		return nil, err
	}
	if _, err := w.Write(data); err != nil {
		return nil, err
	}
	return buf.Bytes(), w.Close()
}
