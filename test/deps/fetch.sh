#!/bin/bash
# fetch.sh CACHE: fill the cache with what the proofs need beyond Go. What is
# there already is left alone. A missing tool is named, and the rest goes on.
set -euo pipefail
cache=$1
deps=$(cd "$(dirname "$0")" && pwd)
versions=$deps/../../internal/msg/gen/kafka.versions # the one place that pins Apache Kafka
pinned() { sed -n "s/^$1 //p" "$versions"; }
missing() { echo "MISSING: $1 is not on this machine, so $2"; }
# stale DIR FILE...: true unless DIR was filled from the FILEs as they are now
stale() { ! cmp -s "$1/.from" <(cat "${@:2}"); }
rc=0

if command -v mvn >/dev/null && command -v java >/dev/null; then
  for set in broker broker-old tools client-old client-0.9 client-0.10 client-0.11; do
    dir=$cache/jars/$set pom=$deps/$set/pom.xml
    stale "$dir" "$pom" "$versions" || continue
    rm -rf "$dir"; mkdir -p "$dir"
    if mvn -q -B -f "$pom" -Dkafka.current="$(pinned current)" -Dkafka.dropped="$(pinned dropped)" dependency:copy-dependencies -DoutputDirectory="$dir/libs"; then
      cat "$pom" "$versions" > "$dir/.from"
    else
      echo "FAILED: mvn for $set"; rc=1
    fi
  done
else
  missing "mvn or java" "Apache Kafka and the Java clients cannot be fetched"
fi

if python3 -c 'import venv, ensurepip' 2>/dev/null; then
  for set in "" -old; do # the old client cannot live beside its newer self
    dir=$cache/venv$set list=$deps/python$set/requirements.txt
    stale "$dir" "$list" || continue
    rm -rf "$dir"
    if python3 -m venv "$dir" && "$dir/bin/pip" install -q --disable-pip-version-check -r "$list"; then
      cp "$list" "$dir/.from"
    else
      echo "FAILED: pip for python$set"; rc=1
    fi
  done
else
  missing "python3 with venv" "the Python clients cannot be fetched"
fi

if command -v npm >/dev/null; then
  dir=$cache/node list=$deps/node/package.json
  if stale "$dir" "$list"; then
    rm -rf "$dir"; mkdir -p "$dir"; cp "$list" "$dir/"
    if (cd "$dir" && npm install --no-audit --no-fund --no-package-lock --loglevel=error); then
      cp "$list" "$dir/.from"
    else
      echo "FAILED: npm"; rc=1
    fi
  fi
else
  missing npm "kafkajs cannot be fetched"
fi
exit $rc
