// Package arch holds the walls of the house as a test: which room may import
// which, and what a pure or a disk package never does. It contains no code
// for the broker. Kind: test
package arch

// order lists the rooms from the ground up. A package imports only packages
// that stand above it in this list (docs/architecture.md draws it).
func order() []string {
	return []string{
		"kafka", "compress", "timeline", "config", "config/gen", "vfs",
		"lifecycle", "logs", "metrics", "metrics/gen", "httpd",
		"batch", "msg", "msg/gen", "wire",
		"assignor", "quota", "replica", "fetchsession", "metadata", "objstore",
		"storage/checkpoint", "storage/epoch", "storage/producer", "storage/segment", "storage/compact",
		"storage/tier", "storage/logdir", "storage/journal", "storage",
		"controller",
		"coordinator", "coordinator/group", "coordinator/txn", "coordinator/share",
		"clientmetrics",
		"auth", "schema",
		"quorum", "partition", "coordinator/runtime", "peer", "fetcher",
		"api", "server", "console", "node", "cli/flags", "cli/command", "cli/client",
		"cli/java", "cli/pace", "cli/complete", "cli/admin", "cli/topics", "cli/configs", "cli/reassign",
		"cli/cluster", "cli/transactions", "cli/console", "cli/groups", "cli/perf", "cli/verify", "cli/stream", "cli/doctor", "cli/dumplog", "cli/storagetool", "cli",
		"crash", "sim", "arch",
	}
}

// kind is what a package may do.
type kind string

const (
	pure  kind = "pure"  // values in, values out
	disk  kind = "disk"  // pure, plus files through vfs
	shell kind = "shell" // goroutines, sockets, timers, logs
	face  kind = "face"  // what users of the module import or run
	test  kind = "test"  // proofs, never part of the broker
	tool  kind = "tool"  // programs that developers run
)

// forbidden names the standard packages that a kind never imports. The room
// vfs is the one place where disk packages meet the operating system.
func forbidden(k kind) []string {
	nowhere := []string{"net", "net/http", "log", "log/slog", "os/exec", "os/signal", "context"}
	switch k {
	case pure:
		return append(nowhere, "os", "sync/atomic", "syscall", "io/fs", "path/filepath")
	case disk:
		return append(nowhere, "os", "syscall")
	case shell, face, test, tool:
	}
	return nil
}

// poolOnly is all that a pure package uses of package sync: what a sync.Pool
// keeps is nothing that anybody can see. Locks belong to disk and shell.
const poolOnly = "Pool"

// wallClock names the functions of package time that only a shell may call.
func wallClock() []string {
	return []string{"Now", "Since", "Until", "Sleep", "After", "AfterFunc", "NewTimer", "NewTicker", "Tick"}
}

// strangers lists, for single rooms, packages of the house that they must not
// know even though the order would allow it.
func strangers() map[string][]string {
	shells := []string{"quorum", "partition", "coordinator/runtime", "peer", "fetcher", "server", "console", "node", "cli"}
	return map[string][]string{
		"api":               shells,
		"server":            {"msg", "batch", "metadata", "storage", "controller", "coordinator", "partition", "quorum", "api"},
		"metadata":          {"storage", "vfs"},
		"controller":        {"storage", "vfs"},
		"coordinator/group": {"coordinator/txn", "coordinator/share"},
		"coordinator/txn":   {"coordinator/group", "coordinator/share"},
		"coordinator/share": {"coordinator/group", "coordinator/txn"},
		"cli":               {"node"},
	}
}
