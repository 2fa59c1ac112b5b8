package main

import (
	"bytes"
	"fmt"
	"os"
	"runtime"
	"strings"
)

// machine describes where the figures were taken, without a name.
type machine struct {
	Processor string  `json:"processor"`
	Cores     int     `json:"cores"`
	MemoryGB  float64 `json:"memoryGb"`
	System    string  `json:"system"`
	Go        string  `json:"go"`
}

func thisMachine() machine {
	m := machine{Processor: field("/proc/cpuinfo", "model name"), Cores: runtime.NumCPU(), System: runtime.GOOS + "/" + runtime.GOARCH, Go: runtime.Version()}
	var kb float64
	if _, err := fmt.Sscan(field("/proc/meminfo", "MemTotal"), &kb); err == nil {
		m.MemoryGB = kb / (1 << 20)
	}
	return m
}

// field gives the value of the first "name : value" line of a file, "" where
// there is none.
func field(file, name string) string {
	data, err := os.ReadFile(file)
	if err != nil {
		return ""
	}
	for line := range bytes.Lines(data) {
		key, value, ok := strings.Cut(string(line), ":")
		if ok && strings.TrimSpace(key) == name {
			return strings.TrimSpace(value)
		}
	}
	return ""
}
