package commands

import (
	"slices"
	"strings"
	"testing"
)

// TestTheShellCompletesNamesOfTheCluster asks as the scripts of the shells do.
func TestTheShellCompletesNamesOfTheCluster(t *testing.T) {
	w := world(t)
	for _, c := range w.Clusters() {
		name := uniqueName()
		prepareGroups(t, c, name)
		to := "--bootstrap-server " + c.Addr
		for line, want := range map[string][]string{
			"topics --describe " + to + " --topic " + name:          {name, name + longTail, name + "-empty"},
			"console-consumer " + to + " --topic " + name + "-e":    {name + "-empty"},
			"consumer-groups --describe " + to + " --group " + name: {name, name + "-2"},
			"tail " + to + " " + name + "-e":                        {name + "-empty"},
			"copy " + to + " " + name + "-e":                        {name + "-empty"},
			"topics --describe " + to + " --topic no-such-":         nil,
			"get-offsets --bootstrap-server localhost:1 --topic a":  nil, // nobody answers, and nothing is said
			"consumer-groups --desc":                                {"--describe"},
			"producer-perf":                                         {"producer-perf-test"},
		} {
			p := ours(t, w, "__complete "+line)
			offered, _, _ := strings.Cut(p.Out, "\n:")
			var got []string
			for word := range strings.FieldsSeq(offered) {
				if strings.HasPrefix(word, name) || slices.Contains(want, word) {
					got = append(got, word)
				}
			}
			slices.Sort(want)
			if p.Code != 0 || !slices.Equal(got, want) || want == nil && strings.HasPrefix(offered, name) {
				t.Errorf("%s: %s: exit code %d, offers %q, want %q\n%s%s", c.Name, line, p.Code, got, want, p.Out, p.Err)
			}
		}
		for _, line := range []string{"topics --describe --topic ", "consumer-groups --describe --group "} {
			args := append([]string{"__complete"}, append(Words(line+to), "")...)
			at := slices.Index(args, "--bootstrap-server") // the flag that is completed comes last
			args = slices.Concat(args[:at-1], args[at:len(args)-1], args[at-1:at], args[len(args)-1:])
			if out := succeeds(t, w, "", args...); !strings.Contains("\n"+out, "\n"+name+"\n") {
				t.Errorf("%s: %q does not offer %s:\n%s", c.Name, args, name, out)
			}
		}
	}
}

// TestTheShellsGetTheirScripts prints them.
func TestTheShellsGetTheirScripts(t *testing.T) {
	w := world(t)
	for shell, has := range map[string]string{"bash": "complete -o default -F __start_gregor gregor", "zsh": "#compdef gregor", "fish": "complete -c gregor", "powershell": "Register-ArgumentCompleter"} {
		if out := succeeds(t, w, "", "completion", shell); !strings.Contains(out, has) || !strings.Contains(out, "__complete") {
			t.Errorf("the script for %s has no %q:\n%.300s", shell, has, out)
		}
	}
}
