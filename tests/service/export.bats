#!/usr/bin/env bats
# The winner as a patch that real git takes.
load common

make_repository() {
	git init -q "$scratch/repo"
	cd "$scratch/repo"
	git config user.email tester@example.org
	git config user.name Tester
	mkdir -p src/math
	{ echo "/* the user's own file */"; cat "$BATS_TEST_DIRNAME/../../evaluators/problems/exp2_ops/seed.c"; echo "/* its end */"; } >src/math/exp2.c
	echo "something else" >README
	git add . && git commit -qm "a repository of the user"
	cd "$OLDPWD"
	printf 'problem: exp2_ops\nsource: {repo: %s, commit: HEAD, file: src/math/exp2.c}\n' "$scratch/repo" >"$scratch/git.yaml"
}

@test "git am takes the exported patch, and the patched file builds and scores the same" {
	make_repository
	"$CLADE" run "$scratch/git.yaml" --file "$campaign" --seed 4 --evaluations 60 --quiet
	run "$CLADE" export "$campaign" --patch "$scratch/best.patch"
	echo "$output"
	[ "$status" -eq 0 ]
	git clone -q "$scratch/repo" "$scratch/copy"
	cd "$scratch/copy"
	git config user.email other@example.org
	git config user.name Other
	git am "$scratch/best.patch"
	git log -1 --format=%B
	git log -1 --format=%B | grep -q exp2_ops
	git log -1 --format=%B | grep -qi holdout
	[ "$(git diff --name-only HEAD~1)" = src/math/exp2.c ]
	head -n 1 src/math/exp2.c | grep -q "the user's own file"
	gcc -O2 -Dreal=double -c -o /dev/null src/math/exp2.c
	cd "$OLDPWD"
	"$CLADE" eval exp2_ops "$scratch/copy/src/math/exp2.c" --json >"$scratch/eval.json"
	[ "$(field "$scratch/eval.json" verdict)" = ok ]
	[ -z "$(git -C "$scratch/repo" status --porcelain)" ]
}

@test "the seed itself is no win and is not exported" {
	"$CLADE" run exp2_ops --file "$campaign" --evaluations 1 --quiet
	run "$CLADE" export "$campaign" seed --patch "$scratch/none.patch"
	[ "$status" -eq 5 ]
	[ ! -e "$scratch/none.patch" ]
}

@test "export overwrites nothing but an older patch, and writes to a pipe" {
	make_repository
	"$CLADE" run "$scratch/git.yaml" --file "$campaign" --seed 4 --evaluations 40 --quiet
	cp "$campaign" "$scratch/before"
	run "$CLADE" export "$campaign" --patch "$campaign"
	[ "$status" -ne 0 ]
	[[ "$output" == *"not overwritten"* ]]
	cmp "$campaign" "$scratch/before"
	echo "int mine;" >"$scratch/mine.c"
	run "$CLADE" export "$campaign" --patch "$scratch/mine.c"
	[ "$status" -ne 0 ]
	[ "$(cat "$scratch/mine.c")" = "int mine;" ]
	git clone -q "$scratch/repo" "$scratch/piped"
	"$CLADE" export "$campaign" --patch - | git -C "$scratch/piped" -c user.name=P -c user.email=p@example.org am -q
	[ "$(git -C "$scratch/piped" diff --name-only HEAD~1)" = src/math/exp2.c ]
	"$CLADE" export "$campaign" --patch "$scratch/best.patch"
	"$CLADE" export "$campaign" --patch "$scratch/best.patch"
}

@test "output that cannot be written is no success" {
	[ -w /dev/full ] || skip "no /dev/full here"
	"$CLADE" run exp2_ops --file "$campaign" --seed 4 --evaluations 20 --quiet
	run bash -c '"$1" list "$2" --json >/dev/full' - "$CLADE" "$campaign"
	[ "$status" -eq 1 ]
}
