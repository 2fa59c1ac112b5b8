//go:build !unix

package server

import (
	"net"
	"syscall"
)

func rawConn(net.Conn) (syscall.RawConn, bool) { return nil, false }

func readNow(uintptr, []byte) (int, error) { return 0, syscall.EAGAIN }

func setLowWater(uintptr, int) {}
