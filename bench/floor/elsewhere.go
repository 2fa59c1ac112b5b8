//go:build !linux

package floor

import (
	"errors"
	"os"
)

var errSystem = errors.New("the floor needs Linux")

func read(int, []byte) (int, error) { return 0, errSystem }

func writeAt(int, []byte, int64) error { return errSystem }

func (c *conn) send([]byte) error { return errSystem }

func (c *conn) sendMore([]byte) error { return errSystem }

func (c *conn) sendFile(*os.File, int64, int) error { return errSystem }
