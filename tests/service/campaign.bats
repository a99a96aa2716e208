#!/usr/bin/env bats
# A campaign from its beginning to its end, through the real binary, the real sandbox, the real file.
load common

@test "a campaign finishes its budget and says what it found" {
	run "$CLADE" run exp2_ops --file "$campaign" --seed 7 --evaluations 40
	echo "$output"
	[ "$status" -eq 0 ]
	[[ "$output" == *"finished"* ]]
	[[ "$output" == *"clade export"* ]]
	[ "$(status_field evaluations)" -ge 40 ]
	[ "$(status_field cells)" -ge 2 ]
	check_file
	"$CLADE" history "$campaign" --limit 1000 --json >"$scratch/history.json"
	[ "$(field "$scratch/history.json" 0.cells)" = 1 ]
	[ "$("$CLADE" history "$campaign" --changes --limit 1000 --json | grep -c '"new"')" = "$(status_field cells)" ]
	"$CLADE" history "$campaign" --events | grep -q finished
}

@test "the best of a campaign scores the same when it is evaluated alone" {
	"$CLADE" run exp2_ops --file "$campaign" --seed 11 --evaluations 30 --quiet
	"$CLADE" list "$campaign" --best --limit 1 --json >"$scratch/list.json"
	id=$(field "$scratch/list.json" 0.id)
	"$CLADE" show "$campaign" "$id" --source >"$scratch/best.c"
	"$CLADE" eval exp2_ops "$scratch/best.c" --json >"$scratch/eval.json"
	[ "$(field "$scratch/eval.json" verdict)" = ok ]
	perl -e 'exit(abs($ARGV[0] - $ARGV[1]) < 1e-9 ? 0 : 1)' "$(field "$scratch/list.json" 0.score)" "$(field "$scratch/eval.json" metrics.digits)"
}

@test "status works while the campaign runs" {
	start run jobshop_rule --file "$campaign" --wall 60s --quiet
	wait_evaluations 5
	[ "$(status_field state)" = running ]
	kill -INT "$started"
	wait "$started" || [ $? -eq 3 ]
}

@test "Ctrl-C finishes what runs, commits, and prints how to resume" {
	start run exp2_ops --file "$campaign" --wall 10m
	wait_evaluations 5
	kill -INT "$started"
	code=0; wait "$started" || code=$?
	[ "$code" -eq 3 ]
	grep -q "clade resume $campaign" "$scratch/out"
	[ "$(status_field state)" = stopped ]
	check_file
	before=$(status_field evaluations)
	run "$CLADE" resume "$campaign" --evaluations 10 --quiet
	[ "$status" -eq 0 ]
	[ "$(status_field evaluations)" -ge $((before + 10)) ]
	check_file
}

@test "a finished campaign is extended" {
	"$CLADE" run exp2_ops --file "$campaign" --evaluations 10 --quiet
	run "$CLADE" resume "$campaign" --quiet
	[ "$status" -eq 0 ]
	[[ "$output" == *"--wall"* ]]
	"$CLADE" resume "$campaign" --evaluations 10 --quiet
	[ "$(status_field evaluations)" -ge 20 ]
}

@test "a second process on the same campaign is told who holds it" {
	start run exp2_ops --file "$campaign" --wall 10m --quiet
	wait_evaluations 3
	run "$CLADE" resume "$campaign"
	[ "$status" -eq 4 ]
	[[ "$output" == *"$started"* ]]
	run "$CLADE" run exp2_ops --file "$campaign"
	[ "$status" -ne 0 ]
	kill -INT "$started"
	wait "$started" || true
}

@test "a seed that fails its own evaluator is refused with the reason" {
	cp -r evaluators/problems/exp2_ops "$scratch/broken"
	sed -i 's/return .*;/return x * 0.0;/' "$scratch/broken/seed.c"
	printf 'problem: exp2_ops\nsource: {file: %s}\n' "$scratch/broken/seed.c" >"$scratch/broken.yaml"
	sed -i 's/x \* 0.0/x \/ (x - x)/' "$scratch/broken/seed.c"
	run "$CLADE" run "$scratch/broken.yaml" --file "$campaign" --evaluations 5
	echo "$output"
	[ "$status" -ne 0 ]
	[[ "$output" == *"seed"* ]]
	[[ "$output" == *"wrong"* ]]
	[ ! -e "$campaign" ]
}

@test "a full disk stops the campaign cleanly with the file intact" {
	[ "$(id -u)" = 0 ] || skip "mounting a small disk needs root"
	mkdir "$scratch/disk"
	mount -t tmpfs -o size=1200k tmpfs "$scratch/disk" || skip "no mount here"
	campaign=$scratch/disk/c.clade
	run "$CLADE" run exp2_ops --file "$campaign" --wall 60s --quiet
	echo "$output"
	[ "$status" -eq 1 ]
	[[ "$output" == *"full"* || "$output" == *"No space"* ]]
	mount -o remount,size=64m "$scratch/disk"
	check_file
	before=$(status_field evaluations)
	"$CLADE" resume "$campaign" --evaluations 5 --quiet
	[ "$(status_field evaluations)" -ge $((before + 5)) ]
	check_file
}

@test "a disk that is full from the beginning leaves nothing half made" {
	[ "$(id -u)" = 0 ] || skip "mounting a small disk needs root"
	mkdir "$scratch/disk"
	mount -t tmpfs -o size=360k tmpfs "$scratch/disk" || skip "no mount here"
	run "$CLADE" run exp2_ops --file "$scratch/disk/c.clade" --wall 10s --quiet
	echo "$output"
	[ "$status" -eq 1 ]
	[[ "$output" == *"full"* || "$output" == *"No space"* ]]
	[ ! -e "$scratch/disk/c.clade" ] || [ "$(sqlite3 "$scratch/disk/c.clade" 'PRAGMA integrity_check')" = ok ]
}

@test "a new best runs the user's hook" {
	"$CLADE" run exp2_ops --file "$campaign" --seed 3 --evaluations 40 --quiet --on-best "echo \$CLADE_FITNESS \$CLADE_ID >>$scratch/hook"
	for _ in 1 2 3 4 5 6 7 8 9 10; do [ -s "$scratch/hook" ] && break; sleep 0.2; done
	[ -s "$scratch/hook" ]
}

@test "bad campaign files are refused with file, line, column and the nearest key" {
	printf 'problem: exp2_ops\nbudgt:\n  wall: 3s\n' >"$scratch/bad.yaml"
	run "$CLADE" run "$scratch/bad.yaml" --file "$campaign"
	[ "$status" -ne 0 ]
	[[ "$output" == *"bad.yaml:2:1"* ]]
	[[ "$output" == *"budget"* ]]
	[ ! -e "$campaign" ]
	printf 'problem: exp2_ops\nbudget:\n  evaluations: 4.5\n' >"$scratch/bad.yaml"
	run "$CLADE" run "$scratch/bad.yaml" --file "$campaign"
	[ "$status" -ne 0 ]
	[[ "$output" == *"bad.yaml:3"* ]]
}

@test "duplicates are skipped before they cost and counted" {
	"$CLADE" run jobshop_rule --file "$campaign" --seed 5 --evaluations 60 --quiet
	[ "$(status_field duplicates)" -ge 1 ]
	[ "$(sqlite3 "$campaign" 'SELECT count(*) - count(DISTINCT token) FROM program')" = 0 ]
}

@test "a seed from a git commit is read there, whatever the work tree holds" {
	cd "$scratch"
	git init -q repo && cd repo
	git config user.email t@example.org && git config user.name T
	mkdir src && cp "$BATS_TEST_DIRNAME/../../evaluators/problems/exp2_ops/seed.c" src/k.c
	git add . && git commit -qm seed
	commit=$(git rev-parse HEAD)
	echo "broken work tree" >src/k.c
	printf 'problem: exp2_ops\nsource: {repo: %s, commit: %s, file: src/k.c}\n' "$PWD" "$commit" >"$scratch/git.yaml"
	run "$CLADE" run "$scratch/git.yaml" --file "$campaign" --evaluations 10 --quiet
	echo "$output"
	[ "$status" -eq 0 ]
	[ "$(cat src/k.c)" = "broken work tree" ]
}

@test "a campaign resumed on another machine says so and measures its elites again" {
	"$CLADE" run exp2_ops --file "$campaign" --seed 6 --evaluations 20 --quiet
	sqlite3 "$campaign" "UPDATE meta SET value = replace(value, '\"cpu\":\"', '\"cpu\":\"Another ') WHERE name = 'machine'"
	cells=$(status_field cells)
	run "$CLADE" resume "$campaign" --evaluations 5
	echo "$output"
	[ "$status" -eq 0 ]
	[[ "$output" == *"measured again"* ]]
	[ "$(sqlite3 "$campaign" "SELECT count(*) FROM history WHERE why = 'rescored'")" -ge "$cells" ]
	check_file
}

@test "a changed evaluator is not resumed" {
	cp -r "$BATS_TEST_DIRNAME/outside" "$scratch/outside"
	XDG_CACHE_HOME=$scratch/cache "$CLADE" run "$scratch/outside" --file "$campaign" --evaluations 5 --quiet
	sed -i 's/20.5, 20, CLADE_LINEAR/30.5, 30, CLADE_LINEAR/' "$scratch/outside/evaluator.c"
	XDG_CACHE_HOME=$scratch/cache run "$CLADE" resume "$campaign" --evaluations 5 --quiet
	echo "$output"
	[ "$status" -ne 0 ]
	[[ "$output" == *"start a new campaign"* ]]
}

@test "a region may be a function by its name, in a file without markers" {
	grep -v EVOLVE-BLOCK "$BATS_TEST_DIRNAME/../../evaluators/problems/exp2_ops/seed.c" >"$scratch/plain.c"
	printf '/* a line of the user behind it */\n' >>"$scratch/plain.c"
	printf 'problem: exp2_ops\nsource: {file: plain.c}\nmarkers: {function: exp2_approx}\n' >"$scratch/plain.yaml"
	run "$CLADE" run "$scratch/plain.yaml" --file "$campaign" --seed 8 --evaluations 25 --quiet
	echo "$output"
	[ "$status" -eq 0 ]
	[ "$(status_field cells)" -ge 3 ]
	"$CLADE" show "$campaign" best --source >"$scratch/best.c"
	grep -q '^/\* a line of the user behind it \*/$' "$scratch/best.c"
	! cmp -s "$scratch/plain.c" "$scratch/best.c"
}

@test "decisions may cross a spinning channel on a second leased CPU" {
	[ "$(nproc)" -ge 2 ] || skip "one CPU"
	run "$CLADE" run jobshop_rule --file "$campaign" --seed 8 --workers 1 --evaluations 15 --quiet --set measure.spinning=true
	echo "$output"
	[ "$status" -eq 0 ]
	"$CLADE" run jobshop_rule --file "$scratch/blocking.clade" --seed 8 --workers 1 --evaluations 15 --quiet
	[ "$(sqlite3 "$campaign" 'SELECT fitness FROM program WHERE proposal = 0')" = "$(sqlite3 "$scratch/blocking.clade" 'SELECT fitness FROM program WHERE proposal = 0')" ]
}

@test "what a score means cannot be changed by a resume" {
	"$CLADE" run jobshop_rule --file "$campaign" --seed 3 --evaluations 10 --quiet
	for setting in parameters.instances=ta71-ta80 target.flags=-O0 build.unit=included seed=5; do
		run "$CLADE" resume "$campaign" --evaluations 5 --quiet --set "$setting"
		echo "$output"
		[ "$status" -ne 0 ]
		[[ "$output" == *"start a new campaign"* ]]
	done
	"$CLADE" resume "$campaign" --evaluations 5 --quiet --set search.crossover=0.5
	[ "$(status_field evaluations)" -ge 15 ]
}

@test "two names of one campaign have one writer" {
	start run exp2_ops --file "$campaign" --wall 10m --quiet
	wait_evaluations 3
	ln -s "$campaign" "$scratch/link.clade"
	run "$CLADE" resume "$scratch/link.clade" --evaluations 5
	[ "$status" -eq 4 ]
	[[ "$output" == *"$started"* ]]
	kill -INT "$started"
	wait "$started" || true
	ln "$campaign" "$scratch/hard.clade"
	run "$CLADE" resume "$scratch/hard.clade" --evaluations 5
	[ "$status" -ne 0 ]
	[[ "$output" == *"hard links"* ]]
}

@test "workers killed while the seed is measured cost nothing but a resume" {
	start run sgemm_small --file "$campaign" --wall 10m
	for _ in 1 2 3 4 5 6 7 8; do
		sleep 0.4
		ps -o pid=,args= --ppid "$started" 2>/dev/null | awk '/worker/ { print $1 }' | xargs -r kill -9 2>/dev/null || true
		kill -0 "$started" 2>/dev/null || break
	done
	kill -9 "$started" 2>/dev/null || true
	wait "$started" 2>/dev/null || true
	"$CLADE" resume "$campaign" --evaluations 2 --quiet
	[ "$(status_field state)" = finished ]
	check_file
}
