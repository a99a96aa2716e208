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
