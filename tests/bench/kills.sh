#!/bin/sh
# A thousand kills at random moments (tests/service/kill.bats): only in `make bench-full`, about half an hour.
[ -n "${CLADE_BENCH_FULL:-}" ] || exit 0
if CLADE_KILLS=1000 bats --filter 'random moments' tests/service/kill.bats >"$CLADE_BUILD/bench/kills.log" 2>&1; then
	printf 'kills of the orchestrator or a worker survived\t1000 of 1000\tall\n'
else
	printf 'kills of the orchestrator or a worker survived\tMISSED, see bench/kills.log\tall\n'
	exit 1
fi
