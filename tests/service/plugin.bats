#!/usr/bin/env bats
# An evaluator that a stranger wrote, in a folder outside the repository, against the installed header, as an ordinary user.
load common

# Install once into the scratch folder; $CLADE then is the installed binary.
install_clade() {
	make --no-print-directory -s install DESTDIR= PREFIX="$scratch/usr" >/dev/null 2>&1
	CLADE=$scratch/usr/bin/clade
	cp -r "$BATS_TEST_DIRNAME/outside" "$scratch/outside"
	chmod -R a+rX "$scratch"
	mkdir "$scratch/home"
	if [ "$(id -u)" = 0 ]; then chown -R "${CLADE_USER:-65534}" "$scratch/home" "$scratch/outside"; fi
	campaign=$scratch/home/c.clade
}

# Run a command as an ordinary user with a home of its own.
as_user() {
	local drop=
	[ "$(id -u)" = 0 ] && drop="setpriv --reuid=${CLADE_USER:-65534} --regid=${CLADE_USER:-65534} --clear-groups"
	(cd "$scratch/home" && env -i HOME="$scratch/home" PATH="$PATH" $drop "$@")
}

@test "a plug-in outside the tree is built, cached and evolved by an ordinary user" {
	install_clade
	run as_user "$CLADE" run "$scratch/outside" --file "$campaign" --seed 2 --evaluations 30 --quiet
	echo "$output"
	[ "$status" -eq 0 ]
	ls "$scratch/home/.cache/clade/"*.so
	stamp=$(stat -c %Y.%i "$scratch/home/.cache/clade/"*.so)
	run as_user "$CLADE" resume "$campaign" --evaluations 5 --quiet
	[ "$status" -eq 0 ]
	[ "$stamp" = "$(stat -c %Y.%i "$scratch/home/.cache/clade/"*.so)" ]
	as_user "$CLADE" status "$campaign" --json >"$scratch/status.json"
	[ "$(field "$scratch/status.json" evaluations)" -ge 35 ]
}

@test "a built-in's own object serves its own folder until a header below it changes" {
	install_clade
	chmod -R a+rX "$scratch/usr"
	run as_user "$CLADE" problems show jobshop_rule
	echo "$output"
	[ "$status" -eq 0 ]
	run ls "$scratch/home/.cache/clade"
	[ "$status" -ne 0 ]
	echo "/* edited */" >>"$scratch/usr/share/clade/problems/jobshop_rule/include/jobshop_rule.h"
	run as_user "$CLADE" problems show jobshop_rule
	echo "$output"
	[ "$status" -eq 0 ]
	ls "$scratch/home/.cache/clade/"jobshop_rule-*.so
}

@test "a folder of CLADE_PROBLEMS with a built-in's name gets its own evaluator" {
	install_clade
	mkdir "$scratch/mine"
	cp -rp evaluators/problems/exp2_ops "$scratch/mine/"
	chmod -R a+rX "$scratch/mine"
	run as_user env CLADE_PROBLEMS="$scratch/mine" "$CLADE" problems show exp2_ops
	echo "$output"
	[ "$status" -eq 0 ]
	ls "$scratch/home/.cache/clade/"exp2_ops-*.so
}

@test "a plug-in of another ABI number is refused with the mend" {
	install_clade
	sed -i 's/^#define POINTS 500/#define POINTS 500\n#undef TEST_ABI\n#define TEST_ABI 99/' "$scratch/outside/evaluator.c"
	run as_user "$CLADE" run "$scratch/outside" --file "$campaign" --evaluations 5 --quiet
	echo "$output"
	[ "$status" -ne 0 ]
	[[ "$output" == *"abi"* || "$output" == *"ABI"* ]]
	[[ "$output" == *"99"* ]]
}

@test "a plug-in that does not compile is refused with the compiler's line" {
	install_clade
	echo "int broken(" >>"$scratch/outside/evaluator.c"
	run as_user "$CLADE" run "$scratch/outside" --file "$campaign" --evaluations 5 --quiet
	echo "$output"
	[ "$status" -ne 0 ]
	[[ "$output" == *"evaluator.c:"* ]]
}

@test "a plug-in that always crashes ends in a refused seed, not in a crashed campaign" {
	install_clade
	run as_user "$CLADE" run "$scratch/outside" --file "$campaign" --evaluations 5 --quiet --set parameters.crash=all
	echo "$output"
	[ "$status" -ne 0 ]
	[[ "$output" == *"two workers died"* ]]
}

@test "a candidate that kills two workers is quarantined and the campaign goes on" {
	install_clade
	run as_user "$CLADE" run "$scratch/outside" --file "$campaign" --seed 2 --evaluations 60 --quiet --set parameters.crash=better
	echo "$output"
	[ "$status" -eq 0 ]
	as_user "$CLADE" list "$campaign" --verdict quarantined --json >"$scratch/list.json"
	[ "$(field "$scratch/list.json" 0.verdict)" = quarantined ]
	as_user "$CLADE" status "$campaign" --json >"$scratch/status.json"
	[ "$(field "$scratch/status.json" evaluations)" -ge 60 ]
}

@test "a candidate on which the evaluator hangs is tried by two workers and then quarantined" {
	install_clade
	run as_user timeout -k 1 90 "$CLADE" run "$scratch/outside" --file "$campaign" --seed 2 --evaluations 60 --wall 40s \
		--set parameters.hang=better --set job_limit=2s --set worker_silence=3s
	echo "$output"
	[ "$status" -eq 0 ]
	[[ "$output" == *"the evaluator hangs"* ]]
	as_user "$CLADE" list "$campaign" --verdict quarantined --json >"$scratch/list.json"
	[ "$(field "$scratch/list.json" 0.verdict)" = quarantined ]
}

@test "a hung evaluator does not hold a campaign far beyond its wall time" {
	install_clade
	SECONDS=0
	run as_user timeout -k 1 60 "$CLADE" run "$scratch/outside" --file "$campaign" --seed 2 --evaluations 5000 --wall 10s \
		--set parameters.hang=better --set job_limit=4s --set worker_silence=3s
	echo "$output"
	[ "$status" -eq 0 ]
	[[ "$output" == *"the evaluator hangs"* ]]
	[ "$SECONDS" -lt 40 ]
}
