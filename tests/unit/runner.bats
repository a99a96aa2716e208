# The runner counts what happened, and nothing that a test file does passes for success.

setup() {
	root=$(cd "$BATS_TEST_DIRNAME/../.." && pwd)
	place=$(mktemp -d "${TMPDIR:-/tmp}/runner.XXXXXX")
}

teardown() { rm -rf "$place"; }

script() {   # NAME, then its text from stdin
	{ echo '#!/bin/sh'; cat; } >"$place/$1"
	chmod +x "$place/$1"
}

counts() {   # the closing line that running all scripts must give
	run "$root/tests/run" "$place"/*
	[ "${lines[-1]}" = "$1" ]
}

@test "the last line sums passed, failed and skipped over all files" {
	script a <<<'echo 1..3; echo "ok 1 - x"; echo "not ok 2 # SKIP y"; echo "ok 3 # skip z"'
	script b <<<'echo 1..2; echo "ok 1 - x"; echo "not ok 2 - y"; exit 1'
	counts '2 passed, 1 failed, 2 skipped'
	[ "$status" -eq 1 ]
}

@test "all passed gives status 0" {
	script a <<<'echo 1..1; echo "ok 1 - x"'
	counts '1 passed, 0 failed, 0 skipped'
	[ "$status" -eq 0 ]
}

@test "two groups that each number from 1 are summed" {
	script a <<<'echo 1..1; echo "ok 1 - x"; echo 1..1; echo "ok 1 - y"'
	counts '2 passed, 0 failed, 0 skipped'
}

@test "a run without a test is a failure" {
	run "$root/tests/run" nothing-here
	[ "$status" -eq 1 ]
	script a <<<'echo nothing'
	counts '0 passed, 1 failed, 0 skipped'
	[ "$status" -eq 1 ]
}

@test "everything skipped is not success" {
	script a <<<'echo "1..0 # SKIP no such machine"'
	counts '0 passed, 0 failed, 1 skipped'
	[ "$status" -eq 1 ]
}

@test "a file that ends early is a failure" {
	script a <<<'echo 1..2; echo "ok 1 - x"'
	counts '1 passed, 1 failed, 0 skipped'
}

@test "a crash after the last test is a failure" {
	script a <<<'echo 1..1; echo "ok 1 - x"; kill -SEGV $$'
	counts '1 passed, 1 failed, 0 skipped'
}

@test "a bad status with all tests passed is a failure" {
	script a <<<'echo 1..1; echo "ok 1 - x"; exit 7'
	counts '1 passed, 1 failed, 0 skipped'
}

@test "a file that hangs is killed with its children" {
	script a <<<'sleep 987 & echo $! >"'"$place"'.child"; echo 1..1; echo "ok 1 - x"; wait'
	CLADE_TEST_SECONDS=1 counts '1 passed, 1 failed, 0 skipped'
	child=$(cat "$place.child")
	rm "$place.child"
	[ ! -d "/proc/$child" ] || grep -q '^State:.Z' "/proc/$child/status"
}

@test "a process left behind that holds the output open does not hang the run" {
	script a <<<'sleep 987 & echo 1..1; echo "ok 1 - x"'
	SECONDS=0
	counts '1 passed, 0 failed, 0 skipped'
	[ "$SECONDS" -lt 20 ]
}

@test "tests get a temporary folder that is gone afterwards" {
	script a <<<'echo 1..1; touch "$TMPDIR/x" && echo "$TMPDIR" >"'"$place"'.tmpdir" && echo "ok 1 - x"'
	counts '1 passed, 0 failed, 0 skipped'
	[ ! -e "$(cat "$place.tmpdir")" ]
	rm "$place.tmpdir"
}

@test "standard error is shown when a test failed, and only then" {
	script a <<<'echo complaint >&2; echo 1..1; echo "ok 1 - x"; exit $STATUS_OF_A'
	STATUS_OF_A=0 run "$root/tests/run" "$place"/a
	[[ "$output" != *complaint* ]]
	STATUS_OF_A=1 run "$root/tests/run" "$place"/a
	[[ "$output" == *complaint* ]]
}
