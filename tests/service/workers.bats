#!/usr/bin/env bats
# Workers started through a launcher, watched and replaced.
load common

@test "a worker runs through a wrapper with another folder, another user and an empty environment" {
	tree=$PWD
	as_user=
	[ "$(id -u)" = 0 ] && as_user="setpriv --reuid=${CLADE_USER:-65534} --regid=${CLADE_USER:-65534} --clear-groups"
	cat >"$scratch/wrap" <<-W
		#!/bin/sh
		cd / && exec env -i $as_user "\$@"
	W
	chmod 755 "$scratch/wrap"
	if [ -n "$as_user" ]; then cd "$CLADE_USER_TREE"; CLADE=$CLADE_USER_TREE/$(basename "$CLADE_BUILD")/clade; fi
	run "$CLADE" run exp2_ops --file "$campaign" --evaluations 15 --quiet --set "launcher=$scratch/wrap {worker}"
	echo "$output"
	cd "$tree"
	[ "$status" -eq 0 ]
	[ "$(status_field evaluations)" -ge 15 ]
}

@test "a launcher that cannot start a worker ends the run with its reason" {
	run "$CLADE" run exp2_ops --file "$campaign" --evaluations 5 --quiet --set "launcher=/nonexistent/launcher {worker}"
	echo "$output"
	[ "$status" -eq 1 ]
	[[ "$output" == *"no worker can be started"* ]]
}

# The measuring worker: the one whose main thread is pinned to its lane.
measuring_worker() {
	for pid in $(ps -o pid=,args= --ppid "$started" | awk '/worker/ { print $1 }'); do
		grep -qE '^Cpus_allowed_list:[[:space:]]*[0-9]+$' "/proc/$pid/status" && echo "$pid" && return
	done
}

@test "a worker stopped in mid-duel is replaced and its candidate is tried again" {
	[ "$(nproc)" -ge 2 ] || skip "one CPU: every worker looks pinned"
	# the seed's first evaluation takes tenths of a second, its duel some seconds: that is under way when its worker is stopped
	start run sgemm_small --file "$campaign" --wall 10m --set worker_silence=4s --set measure.pairs=60 --set measure.layouts=8
	sleep 1.5
	worker=$(measuring_worker)
	[ -n "$worker" ]
	kill -STOP "$worker"
	[ "$(status_field evaluations)" = 0 ]
	for _ in $(seq 100); do
		kill -0 "$worker" 2>/dev/null || break
		sleep 0.1
	done
	! kill -0 "$worker" 2>/dev/null || grep -q '^State:.*Z' "/proc/$worker/status"
	grep -q "silent" "$scratch/err"
	wait_evaluations 1
	kill -INT "$started"
	wait "$started" || [ $? -eq 3 ]
	[ "$(status_field best.verdict)" = ok ]
	check_file
}
