package gregortest_test

import (
	"os"
	"testing"
)

// inTest runs an example's test, so that its Output can be compared: what a test
// of yours would do in func TestX(t *testing.T).
func inTest(f func(t *testing.T)) {
	// The testing package writes about the test to what is standard output when
	// RunTests begins, and f to the example's.
	output := os.Stdout
	nowhere, err := os.OpenFile(os.DevNull, os.O_WRONLY, 0)
	if err != nil {
		panic(err)
	}
	defer func() { _ = nowhere.Close() }()
	os.Stdout = nowhere
	defer func() { os.Stdout = output }()
	ran := false // under -count and -cpu too it is run once
	ok := testing.RunTests(func(string, string) (bool, error) { return true, nil }, []testing.InternalTest{{
		Name: "Example", F: func(t *testing.T) {
			if ran {
				return
			}
			ran = true
			os.Stdout = output
			defer func() { os.Stdout = nowhere }()
			f(t)
		},
	}})
	if !ok {
		panic("the example's test failed")
	}
}
