#!/bin/bash
# kcat that takes the broker for an old one: the steps of the table of old
# clients that it can do.
# usage: kcat_old.sh KCAT BOOTSTRAP PREFIX BROKER_VERSION
set -uo pipefail
kcat=$1 broker=$2 prefix=$3 version=$4
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
limit=(timeout 40)

# quote TEXT: as a JSON string
quote() { python3 -c 'import json, sys; print(json.dumps(sys.stdin.read()))' <<<"$1" 2>/dev/null || printf '"%s"' "${1//[\"\\$'\n']/ }"; }
step() { # step NAME COMMAND...: the command's output is the answer
  local name=$1 answer; shift
  if answer=$("$@" 2>"$work/err"); then
    printf '{"step": "%s", "answer": %s}\n' "$name" "$(quote "$answer")"
  else
    echo "$name: $(cat "$work/err")" >&2
    printf '{"step": "%s", "error": "exit code"}\n' "$name"
  fi
}
cannot() { printf '{"step": "%s", "cannot": "%s"}\n' "$1" "$2"; }
run() { "${limit[@]}" "$kcat" -b "$broker" -q -X api.version.request=false -X broker.version.fallback="$version" "$@"; }
show='%o %T %k %s\n'
stamped() { case $version in 0.8* | 0.9*) cat ;; *) sed -E 's/^([0-9]+) 1[0-9]{12}/\1 now/' ;; esac; }

produce() {
  local flag=(); [ "$1" = none ] || flag=(-z "$1")
  for i in $(seq 0 99); do echo "key-$i:value-$i"; done | run -P -t "${prefix}codec-$1" -p 0 -K: "${flag[@]}" -X linger.ms=50 || return
  run -C -t "${prefix}codec-$1" -o beginning -e -f "$show" | stamped | md5sum
}
nulls() {
  printf 'key:\n:value\n' | run -P -t "${prefix}nulls" -p 0 -Z -K: || return
  run -C -t "${prefix}nulls" -o beginning -e -f '%o %K %S %k %s\n'
}
unacknowledged() {
  seq 0 9 | run -P -t "${prefix}acks-none" -p 0 -X request.required.acks=0 || return
  run -C -t "${prefix}acks-none" -p 0 -o 0 -c 10 -f '%o %s\n'
}
fetch() { run -C -t "${prefix}new-$1" -o beginning -e -f "$show" | md5sum; }
middle() { for name in none gzip snappy lz4; do run -C -t "${prefix}new-$name" -p 0 -o 27 -c 1 -f "$show" || return; done; }
many() { run -C -t "${prefix}many" -o beginning -e -f "$show" -X fetch.message.max.bytes=16384 | md5sum; }
transactions() { run -C -t "${prefix}txn" -o beginning -e -f "$show" | sort -n -u; } # 3.9 sends what follows a marker twice
group() { # as the only member, with automatic commits
  for count in 100 1; do
    run -G "${prefix}group" -X auto.offset.reset=earliest -X auto.commit.interval.ms=100 -c $count -f '%o\n' "${prefix}many" | tail -1 || return
  done
}

for name in none gzip snappy lz4; do step "produce $name" produce $name; done
step "nulls" nulls
step "without acknowledgement" unacknowledged
for name in none gzip snappy lz4; do step "fetch new $name" fetch $name; done
step "begin in the middle" middle
step "many, in small pieces" many
step "transactions" transactions
cannot "ends" "kcat searches by time only where the broker can"
cannot "commits" "kcat commits by itself only"
case $version in
  0.8*) cannot "group" "Kafka 0.8 has no groups with members" ;;
  *) step "group" group ;;
esac
