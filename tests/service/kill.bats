#!/usr/bin/env bats
# Kill anything at any moment, start it again, and it goes on. CLADE_KILLS rounds (20; bench-full: 1,000).
load common

rounds=${CLADE_KILLS:-20}

# A random child worker of the orchestrator, or nothing.
some_worker() {
	ps -o pid=,args= --ppid "$started" 2>/dev/null | awk '/worker/ { print $1 }' | shuf -n 1
}

@test "killing the orchestrator or a worker at random moments loses and doubles nothing ($rounds rounds)" {
	"$CLADE" run exp2_ops --file "$campaign" --seed 9 --evaluations 5 --quiet --set compile_slots=2
	last=$(status_field evaluations)
	for round in $(seq "$rounds"); do
		start resume "$campaign" --wall 60s --quiet
		sleep "0.$(shuf -i 3-9 -n 1)"
		if [ $((round % 4)) -eq 0 ]; then
			worker=$(some_worker)
			[ -z "$worker" ] || kill -9 "$worker" 2>/dev/null || true
			sleep 0.5
		fi
		kill -9 "$started" 2>/dev/null
		wait "$started" 2>/dev/null || true
		check_file
		now=$(status_field evaluations)
		[ "$now" -ge "$last" ]
		# every proposal was settled at most once, and none is both settled and queued
		[ "$(sqlite3 "$campaign" 'SELECT count(*) - count(DISTINCT proposal) FROM program')" = 0 ]
		[ "$(sqlite3 "$campaign" 'SELECT count(*) FROM queue WHERE proposal IN (SELECT proposal FROM program)')" = 0 ]
		last=$now
	done
	queued=$(sqlite3 "$campaign" 'SELECT count(*) FROM queue')
	"$CLADE" resume "$campaign" --evaluations 20 --quiet
	[ "$(status_field evaluations)" -ge $((last + 20)) ]
	[ "$(sqlite3 "$campaign" 'SELECT count(*) FROM queue')" -le "$queued" ] || [ "$queued" -eq 0 ]
	check_file
}

@test "no process of a killed campaign is left behind" {
	start run exp2_ops --file "$campaign" --wall 60s --quiet
	wait_evaluations 3
	workers=$(ps -o pid= --ppid "$started")
	kill -9 "$started"
	wait "$started" 2>/dev/null || true
	for _ in $(seq 50); do
		alive=0
		for pid in $workers; do
			kill -0 "$pid" 2>/dev/null && ! grep -q '^State:.*Z' "/proc/$pid/status" 2>/dev/null && alive=1
		done
		[ "$alive" -eq 0 ] && break
		sleep 0.1
	done
	[ "$alive" -eq 0 ]
}
