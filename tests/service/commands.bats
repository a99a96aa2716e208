#!/usr/bin/env bats
# The command line itself: help, usage errors, and the commands that need no campaign.
load common

root=$BATS_TEST_DIRNAME/../..
problems=$root/evaluators/problems
all="run resume status list show diff lineage export eval problems backup doctor worker help"

# refused STATUS WORDS... : what `run` left has this status and says every word.
refused() {
	echo "$status: $output"
	[ "$status" -eq "$1" ]
	shift
	for word in "$@"; do [[ "$output" == *"$word"* ]]; done
}

json() { perl -MJSON::PP -e 'local $/; decode_json(<STDIN>)'; }

@test "every command explains itself, with its exit statuses" {
	for name in $all; do
		run "$CLADE" "$name" --help
		[ "$status" -eq 0 ]
		[[ "$output" == "usage: clade $name"* ]]
		[[ "$output" == *"Exit status: 0"* ]]
		[ "$("$CLADE" help "$name")" = "$output" ]
	done
}

@test "the overview lists what people call" {
	run "$CLADE" help
	[ "$status" -eq 0 ]
	for name in run resume status list show diff lineage export eval problems backup doctor; do [[ "$output" == *"  $name "* ]]; done
	[[ "$output" != *"  worker "* ]]
	[ "$("$CLADE" --help)" = "$output" ]
	run "$CLADE"
	[ "$status" -eq 2 ]
}

@test "a version is told" {
	run "$CLADE" --version
	[ "$status" -eq 0 ]
	[[ "$output" =~ ^clade\ [0-9]+\.[0-9]+\.[0-9]+$ ]]
}

@test "slips are usage errors that name the nearest" {
	run "$CLADE" stauts x; refused 2 "no command 'stauts'" "did you mean 'status'?"
	run "$CLADE" status x --jsn; refused 2 "unknown option '--jsn'" "did you mean '--json'?"
	run "$CLADE" run exp2_ops --wal 3s; refused 2 "unknown option '--wal'" "did you mean '--wall'?"
	run "$CLADE" run exp2_ops --set budgt.wall=3s; refused 2 "unknown key 'budgt.wall'" "did you mean 'budget.wall'?"
	run "$CLADE" help runn; refused 2 "did you mean 'run'?"
	run "$CLADE" run exp2_op; refused 5 "no problem 'exp2_op'" "did you mean 'exp2_ops'?"
	run "$CLADE" list x --verdict wrng; refused 2 "did you mean 'wrong'?"
}

@test "too few, too many and broken arguments are usage errors" {
	run "$CLADE" status; refused 2 "an argument is missing" "--help"
	run "$CLADE" status a b; refused 2 "too many: 'b'"
	run "$CLADE" list x --limit; refused 2 "--limit needs a value"
	run "$CLADE" list x --limit 0; refused 2 "--limit" "from 1"
	run "$CLADE" list x --limit=many; refused 2 "--limit" "many"
	run "$CLADE" list x --elites=yes; refused 2 "--elites takes no value"
	run "$CLADE" resume x --wall soon; refused 2 "--wall" "90s"
	run "$CLADE" export x; refused 2 "--patch OUT is missing"
	run "$CLADE" run exp2_ops --workers 900; refused 2 "--workers" "0 to 256 (slots)"
	run "$CLADE" problems list; refused 2 "show NAME"
}

@test "a file that is not there, or no campaign, is said to be so" {
	run "$CLADE" status "$scratch/none.clade"; refused 5 none.clade
	run "$CLADE" show "$scratch/none.clade" best; refused 5 none.clade
	echo "not a campaign" >"$scratch/text.clade"
	run "$CLADE" status "$scratch/text.clade"; refused 1 text.clade
	run "$CLADE" run "$scratch/none.yaml"; refused 5 none.yaml
}

@test "the manual page in doc/ is the one that the tables give" {
	"$CLADE" help --manual >"$scratch/clade.1"
	diff "$root/doc/clade.1" "$scratch/clade.1"
	for name in $all; do grep -q "^.Ss $name$" "$scratch/clade.1"; done
	grep -q "^.It budget.wall$" "$scratch/clade.1"
}

@test "every option is listed with its range, default and meaning" {
	run "$CLADE" help options
	[ "$status" -eq 0 ]
	for key in problem source.repo source.commit source.file markers.function target.compiler target.flags target.cpu build.unit build.include \
		build.support flags budget.evaluations budget.wall workers compile_slots launcher worker_silence seed search.parents search.crossover \
		measure.delta_min measure.layouts measure.pairs measure.floor measure.spinning on_best parameters references; do
		[[ "$output" == *$'\n'"$key "* ]]
	done
	[[ "$output" == *"2 to 12 (layouts)"* ]]
}

@test "the built-in problems are listed and shown" {
	run "$CLADE" problems
	[ "$status" -eq 0 ]
	for name in exp2_ops jobshop_rule sgemm_small; do [[ "$output" == *"$name "* ]]; done
	"$CLADE" problems --json >"$scratch/problems.json"
	[ "$(field "$scratch/problems.json" 0.name)" = exp2_ops ]
	run "$CLADE" problems show jobshop_rule
	[ "$status" -eq 0 ]
	for word in "double priority(const struct op_view *v)" gap v-\>processing MWKR README.md fmin members; do [[ "$output" == *"$word"* ]]; done
	"$CLADE" problems show sgemm_small --json >"$scratch/one.json"
	[ "$(field "$scratch/one.json" name)" = sgemm_small ]
	run "$CLADE" problems show nonsense
	[ "$status" -eq 5 ]
}

@test "doctor finds this machine fit, and says what is missing where it is not" {
	run "$CLADE" doctor
	echo "$output"
	[ "$status" -eq 0 ]
	for word in bubblewrap seccomp "compile box" "run box" processor "clock source" lanes sqlite "problem exp2_ops"; do [[ "$output" == *"$word"* ]]; done
	"$CLADE" doctor --json | json
	run "$CLADE" doctor --compiler no-such-compiler
	[ "$status" -eq 1 ]
	[[ "$output" == *BAD* ]]
	[[ "$output" == *mend:* ]]
}

@test "the seed of each behaviour problem scores what its README says" {
	run "$CLADE" eval exp2_ops "$problems/exp2_ops/seed.c"
	echo "$output"
	[ "$status" -eq 0 ]
	[[ "$output" == *": ok"* ]]
	"$CLADE" eval exp2_ops "$problems/exp2_ops/seed.c" --json >"$scratch/e.json"
	[ "$(field "$scratch/e.json" verdict)" = ok ]
	perl -e 'exit(abs($ARGV[0] - 4.07) < 0.01 ? 0 : 1)' "$(field "$scratch/e.json" metrics.digits)"
	[ "$(field "$scratch/e.json" features.operations)" = 10 ]
	"$CLADE" eval jobshop_rule "$problems/jobshop_rule/seed.c" --json >"$scratch/e.json"
	[ "$(field "$scratch/e.json" score)" = "$(field "$scratch/e.json" metrics.gap)" ]
	"$CLADE" eval jobshop_rule "$problems/jobshop_rule/seed.c" --stream holdout --json >"$scratch/h.json"
	[ "$(field "$scratch/h.json" verdict)" = ok ]
	[ "$(field "$scratch/h.json" score)" != "$(field "$scratch/e.json" score)" ]
}

@test "the timed problem's seed is as fast as itself" {
	"$CLADE" eval sgemm_small "$problems/sgemm_small/seed.c" --set measure.layouts=3 --set measure.pairs=6 --json >"$scratch/e.json" || {
		cat "$scratch/e.json"
		false
	}
	[ "$(field "$scratch/e.json" verdict)" = ok ]
	perl -e 'exit($ARGV[0] <= 1.1 && $ARGV[1] >= 0.9 ? 0 : 1)' "$(field "$scratch/e.json" low)" "$(field "$scratch/e.json" high)"
}

# A program for exp2_ops with this body.
exp2() { printf '/* EVOLVE-BLOCK-START */\nreal exp2_approx(real x)\n{\n%s\n}\n/* EVOLVE-BLOCK-END */\n' "$1" >"$scratch/p.c"; }

@test "eval tells wrong, forbidden and broken programs apart, with the reason" {
	exp2 '	return x / (x - x);'
	run "$CLADE" eval exp2_ops "$scratch/p.c"; refused 5 ": wrong" "not a finite number" small_check
	exp2 '	return exp2(x);'
	run "$CLADE" eval exp2_ops "$scratch/p.c"; refused 5 ": forbidden" "line 4"
	exp2 '	while (1) ;'
	run "$CLADE" eval exp2_ops "$scratch/p.c"; refused 5 ": forbidden" "line 4"
	exp2 '	return y;'
	run "$CLADE" eval exp2_ops "$scratch/p.c"; refused 5 ": compile_error" "y"
	exp2 '	return x +;'
	run "$CLADE" eval exp2_ops "$scratch/p.c"; refused 5 ": forbidden" "line 4"
	printf 'int nothing;\n' >"$scratch/p.c"
	run "$CLADE" eval exp2_ops "$scratch/p.c"; refused 5 ": invalid_edit" exp2_approx
	"$CLADE" eval exp2_ops "$scratch/p.c" --json >"$scratch/e.json" || [ $? -eq 5 ]
	[ "$(field "$scratch/e.json" verdict)" = invalid_edit ]
	run "$CLADE" eval exp2_ops "$scratch/none.c"; refused 5 none.c
}

@test "eval scores the same program the same way every time" {
	"$CLADE" eval exp2_ops "$problems/exp2_ops/reference/f5.c" --json >"$scratch/a.json"
	"$CLADE" eval exp2_ops "$problems/exp2_ops/reference/f5.c" --json >"$scratch/b.json"
	[ "$(field "$scratch/a.json" score)" = "$(field "$scratch/b.json" score)" ]
	perl -e 'exit(abs($ARGV[0] - 5.20) < 0.01 ? 0 : 1)' "$(field "$scratch/a.json" score)"
}

@test "a worker without a campaign ends with the status of an unclean end" {
	run "$CLADE" worker </dev/null
	[ "$status" -eq 3 ]
}

@test "output that cannot be written is a failure" {
	[ -w /dev/full ] || skip "no /dev/full here"
	run bash -c '"$CLADE" help options >/dev/full'
	[ "$status" -eq 1 ]
}
