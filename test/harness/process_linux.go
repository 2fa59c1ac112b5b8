package harness

import "syscall"

// endWithParent lets the kernel end a broker when the test binary dies.
func endWithParent() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
}
