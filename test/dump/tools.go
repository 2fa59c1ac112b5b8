// Package dump proves the two commands that work on files: gregor dump-log
// and gregor storage print what Kafka's own classes print, with the same exit
// codes, on the same files, sound and spoiled, and what either formatted is
// started by both. Kind: test
package dump

import (
	"errors"
	"os/exec"
	"regexp"
	"strings"
	"sync/atomic"

	"github.com/gregor-stream/gregor/test/harness"
)

const (
	dumpClass    = "org.apache.kafka.tools.DumpLogSegments"
	storageClass = "kafka.tools.StorageTool"
)

// kafkaTools are Kafka's own commands, of one set of jars.
type kafkaTools struct {
	*harness.Tools

	runs atomic.Int64
}

// run runs a class's main method.
func (k *kafkaTools) run(class string, args ...string) (harness.Printed, error) {
	k.runs.Add(1)
	return k.Run(class, args, "")
}

// gregor runs one of our commands.
func gregor(args ...string) (harness.Printed, error) {
	binary, err := harness.Binary()
	if err != nil {
		return harness.Printed{}, err
	}
	var out, errs strings.Builder
	cmd := exec.Command(binary, args...)
	cmd.Stdout, cmd.Stderr = &out, &errs
	err = cmd.Run()
	if _, ok := errors.AsType[*exec.ExitError](err); ok {
		err = nil
	}
	return harness.Printed{Code: cmd.ProcessState.ExitCode(), Out: out.String(), Err: errs.String()}, err
}

// exception is the first line of what Java prints when it dies of one.
var exception = regexp.MustCompile(`(?m)^(?:Exception in thread "main" )?(?:java|org\.apache\.kafka)\.[\w.$]+(?:Exception|Error)\b`)

// diedOf gives what was said before Java died of an exception that nobody
// caught, and whether it did.
func diedOf(r harness.Printed) (before string, died bool) {
	at := exception.FindStringIndex(r.Err)
	if at == nil {
		return "", false
	}
	return r.Err[:at[0]], true
}
