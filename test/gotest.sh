#!/bin/bash
# gotest.sh NAME DIR COMMAND...: run a `go test` command in DIR, show it, and
# leave its counts for report.sh as $REPORT/NAME (default .cache/run/report).
set -uo pipefail
root=$(cd "$(dirname "$0")/.." && pwd)
report=${REPORT:-$root/.cache/run/report}
name=$1 dir=$2; shift 2
mkdir -p "$report"
log=$report/$name.log
cd "$root/$dir" || exit 1
"$@" -json 2>&1 | tee "$log" | (cd "$root/test" && exec go run ./cmd/counts -out "$report/$name.counts")
rc=${PIPESTATUS[0]}
exit "$rc"
