#!/bin/bash
# kcat: the steps of the conformance table that it can do.
# usage: kcat.sh KCAT BOOTSTRAP PREFIX
set -uo pipefail
kcat=$1 broker=$2 prefix=$3
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
run() { "${limit[@]}" "$kcat" -b "$broker" -q "$@"; }
show='%p %o %k %s %h\n'

create() { # a topic is made when it is first written
  for name in one four; do echo "first" | run -P -t "$prefix$name" -X allow.auto.create.topics=true || return; done
  run -C -t "${prefix}one" -o beginning -e -f "$show"
}
list() {
  run -L | sed -nE "s/^ *topic \"($prefix[^\"]*)\" with ([0-9]+) partitions.*/\1 \2/p" | sort
}
keys() {
  for i in $(seq 0 19); do echo "key-$i:value-$i"; done | run -P -t "${prefix}keys" -K: -X allow.auto.create.topics=true || return
  run -C -t "${prefix}keys" -o beginning -e -f "$show" | sort
}
headers() {
  echo "with headers" | run -P -t "${prefix}headers" -H a=1 -H a=2 -H empty= -X allow.auto.create.topics=true || return
  run -C -t "${prefix}headers" -o beginning -e -f "$show"
}
codec() {
  local flag=(); [ "$1" = none ] || flag=(-z "$1")
  for i in $(seq 0 99); do echo "key-$i:value-$i"; done | run -P -t "${prefix}codec-$1" -K: "${flag[@]}" -X linger.ms=50 -X allow.auto.create.topics=true || return
  run -C -t "${prefix}codec-$1" -o beginning -e -f "$show" | md5sum
}
large() {
  head -c 104856576 /dev/zero | tr '\0' x > "$work/large"
  run -P -t "${prefix}large" -X message.max.bytes=104857600 -X allow.auto.create.topics=true "$work/large" || return
  run -C -t "${prefix}large" -o beginning -e -f '%s' -X fetch.message.max.bytes=209715200 -X fetch.max.bytes=209715200 -X receive.message.max.bytes=209716224 | md5sum
}
latest() {
  run -C -t "${prefix}one" -o end -e -f "$show"
  echo late | run -P -t "${prefix}one" || return
  run -C -t "${prefix}one" -o -1 -e -f "$show"
}
group() { # group NAME TOPIC COUNT: as the only member, with automatic commits
  run -G "$prefix$1" -X auto.offset.reset=earliest -X auto.commit.interval.ms=100 -c "$3" -f "$show" "$prefix$2" | sort
}
auto() {
  group auto keys 20 || return
  echo "one more" | run -P -t "${prefix}keys" || return
  group auto keys 1
}
seek() {
  local now; now=$(($(date +%s%3N) + 1000000))
  run -Q -t "${prefix}codec-none:0:1" | sed "s/$prefix//"
  run -Q -t "${prefix}codec-none:0:$now" | sed "s/$prefix//"
  run -C -t "${prefix}codec-none" -p 0 -o s@1 -o e@"$now" -e -f '%o\n' | tail -1
}
several() { group first keys 20 && group second keys 20; }
cluster() { run -L -J | python3 -c 'import json, sys; d = json.load(sys.stdin); print([b["id"] for b in d["brokers"]], d["controllerid"])'; }

step "create topics" create
cannot "refuse replication factor" "kcat creates topics only by writing to them"
step "list topics" list
step "produce with keys" keys
step "produce with headers" headers
for name in none gzip snappy lz4; do step "codec $name" codec $name; done
if "$kcat" -V 2>&1 | grep -q zstd; then step "codec zstd" codec zstd; else cannot "codec zstd" "this kcat is built without zstd"; fi
cannot "callbacks" "a command has none"
step "request of 100 MB" large
step "earliest" group earliest keys 20
step "latest" latest
cannot "manual commit" "kcat commits by itself only"
step "automatic commit" auto
step "seek by timestamp" seek
step "several groups" several
cannot "group of two with rebalances" "kcat ends with its input; the other clients prove it"
for name in "transactions" "exactly once"; do cannot "$name" "kcat has no transactions"; done
for name in "configs" "create partitions" "delete records" "groups"; do cannot "$name" "kcat has no such command"; done
step "cluster" cluster
cannot "log directories" "kcat has no such command"
cannot "delete topics" "kcat has no such command"
