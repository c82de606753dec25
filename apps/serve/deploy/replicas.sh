#!/bin/sh
# Three replicas and HAProxy on this machine, without Docker. Everything ends with this script: Ctrl-C drains it.
#   npx turbo run build --filter=@diffucoder/app-serve
#   apps/serve/deploy/replicas.sh [PORT] [options of serve...]
# PORT is HAProxy's (default 8080); the replicas take the three after it.
set -eu
here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
main="$here/../dist/main.js"
port=${1:-8080}
[ $# -eq 0 ] || shift
command -v haproxy >/dev/null || { echo "There is no haproxy here; on Debian: apt-get install haproxy" >&2; exit 1; }
[ -f "$main" ] || { echo "There is no $main; build it: npx turbo run build --filter=@diffucoder/app-serve" >&2; exit 1; }

pids=""
for i in 1 2 3; do
  node "$main" --port $((port + i)) --trusted-proxy loopback "$@" &
  pids="$pids $!"
  echo "replica $i: process $!, port $((port + i))"
done
export HAPROXY_BIND="127.0.0.1:$port" REPLICA1="127.0.0.1:$((port + 1))" REPLICA2="127.0.0.1:$((port + 2))" REPLICA3="127.0.0.1:$((port + 3))"
haproxy -f "$here/haproxy.cfg" &
proxy=$!
# The proxy goes last: what the replicas still answer passes through it.
stop() {
  trap '' INT TERM
  # shellcheck disable=SC2086 # one word for each process
  kill $pids 2>/dev/null || true
  # shellcheck disable=SC2086
  wait $pids || true
  kill -USR1 "$proxy" 2>/dev/null || true
  wait "$proxy" || true
  exit 0
}
trap stop INT TERM
wait "$proxy"
