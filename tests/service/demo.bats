#!/usr/bin/env bats
# What the demo promises, from three random seeds, each printed with what it found. Shorter than the demo itself.
load common

best_at() {   # FEATURE_BIN...: the best score among the elites whose first feature lies in 9.5..10.5
	sqlite3 "$campaign" "SELECT max(fitness) FROM program WHERE verdict = 'ok' AND feature_1 = 10"
}

report() {
	echo "# report: $*" >&3
}

draw() {
	od -An -N4 -tu4 /dev/urandom | tr -d ' '
}

@test "exp2_ops finds at least 7 digits at 10 operations from the Taylor seed's 4" {
	for _ in 1 2 3; do
		seed=$(draw)
		campaign=$scratch/exp2-$seed.clade
		"$CLADE" run exp2_ops --file "$campaign" --seed "$seed" --wall 25s --quiet >/dev/null
		found=$(best_at 10)
		report "exp2_ops seed $seed: $found digits at 10 operations after 25 s ($(status_field evaluations) evaluations)"
		perl -e 'exit($ARGV[0] >= 7 ? 0 : 1)' "$found"
	done
}

@test "jobshop_rule beats its SPT seed on the instances that the search never saw" {
	for _ in 1 2 3; do
		seed=$(draw)
		campaign=$scratch/jobshop-$seed.clade
		"$CLADE" run jobshop_rule --file "$campaign" --seed "$seed" --wall 20s --quiet >/dev/null
		"$CLADE" show "$campaign" best --source >"$scratch/best.c"
		"$CLADE" eval jobshop_rule "$scratch/best.c" --stream holdout --json >"$scratch/won.json"
		"$CLADE" eval jobshop_rule evaluators/problems/jobshop_rule/seed.c --stream holdout --json >"$scratch/seed.json"
		won=$(field "$scratch/won.json" metrics.gap)
		spt=$(field "$scratch/seed.json" metrics.gap)
		report "jobshop_rule seed $seed: holdout gap $won %, SPT $spt % ($(status_field evaluations) evaluations in 20 s)"
		perl -e 'exit($ARGV[0] < $ARGV[1] ? 0 : 1)' "$won" "$spt"
	done
}

@test "sgemm_small becomes several times as fast as its seed" {
	for _ in 1 2 3; do
		seed=$(draw)
		campaign=$scratch/sgemm-$seed.clade
		"$CLADE" run sgemm_small --file "$campaign" --seed "$seed" --wall 35s --quiet >/dev/null
		low=$(status_field best.low)
		report "sgemm_small seed $seed: $(status_field best.score) times the seed's speed, at least $low ($(status_field evaluations) evaluations in 35 s)"
		perl -e 'exit($ARGV[0] >= 2 ? 0 : 1)' "$low"
	done
}
