#!/bin/bash
# report.sh DIR: the last lines of `make test`: what is missing, then the counts.
set -euo pipefail
dir=$1 passed=0 failed=0 missing=0
shopt -s nullglob
for f in "$dir"/*.counts; do
  read -r p f_ < "$f"
  passed=$((passed + p)) failed=$((failed + f_))
done
for f in "$dir"/*.missing; do
  while IFS= read -r line; do
    echo "MISSING: $line"; missing=$((missing + 1))
  done < "$f"
done
[ "$((passed + failed))" -gt 0 ] || { echo "no test ran"; failed=1; }
if [ "$missing" -gt 0 ] && [ "${CI:-}" = true ]; then failed=$((failed + missing)); fi
echo "$passed passed, $failed failed"
[ "$failed" = 0 ]
