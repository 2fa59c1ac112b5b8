//go:build unix

package server

import (
	"errors"
	"net"
	"syscall"
)

// rawConn gives a TCP connection's descriptor; other connections (pipes in
// tests, TLS) are read as they are.
func rawConn(nc net.Conn) (syscall.RawConn, bool) {
	tcp, ok := nc.(*net.TCPConn)
	if !ok {
		return nil, false
	}
	raw, err := tcp.SyscallConn()
	return raw, err == nil
}

// readNow reads once; EAGAIN says that there is nothing.
func readNow(fd uintptr, p []byte) (int, error) {
	for {
		n, err := syscall.Read(int(fd), p)
		if !errors.Is(err, syscall.EINTR) {
			return n, err
		}
	}
}

// setLowWater sets how many bytes make a socket readable. Where that fails it
// stays at one, which is right, too.
func setLowWater(fd uintptr, n int) {
	_ = syscall.SetsockoptInt(int(fd), syscall.SOL_SOCKET, syscall.SO_RCVLOWAT, n)
}
