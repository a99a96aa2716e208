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

@test "a worker stopped in mid-duel is replaced and its candidate is tried again" {
	start run sgemm_small --file "$campaign" --wall 60s --set worker_silence=4s
	wait_evaluations 2
	for _ in 1 2 3; do
		worker=$(ps -o pid=,args= --ppid "$started" | awk '/worker/ { print $1 }' | head -n 1)
		kill -STOP "$worker"
		for _ in $(seq 100); do
			kill -0 "$worker" 2>/dev/null || break
			sleep 0.1
		done
		! kill -0 "$worker" 2>/dev/null || grep -q '^State:.*Z' "/proc/$worker/status"
	done
	before=$(status_field evaluations)
	wait_evaluations $((before + 2))
	grep -q "silent" "$scratch/err"
	kill -INT "$started"
	wait "$started" || [ $? -eq 3 ]
	check_file
}
