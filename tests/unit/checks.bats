# The rules of scripts/check-* on a small tree: quiet on a good one, and red for each planted violation.

setup() {
	root=$(cd "$BATS_TEST_DIRNAME/../.." && pwd)
	tree=$(mktemp -d "${TMPDIR:-/tmp}/checks.XXXXXX")
	cd "$tree"
	mkdir -p base archive sandbox/box evaluators/problems/sums mutators orchestrator obj/base
	printf '#pragma once\nint sum_of(int a, int b);\n' >base/sum.h
	printf '#include "base/sum.h"\n\nint sum_of(int a, int b)\n{\n\treturn a + b;\n}\n' >base/sum.c
	printf '#include <sqlite3.h>\n#include "base/sum.h"\nconst char *q = "SELECT 1";\n' >archive/store.c
	printf '#include <stdio.h>\n#include <uv.h>\n#include "archive/store.h"\n' >orchestrator/main.c
	printf '#include <clade/evaluator.h>\n#include "shape.h"\n#include "include/x.h"\n' >evaluators/problems/sums/evaluator.c
}

teardown() {
	cd /
	rm -rf "$tree"
}

plant() { printf '%s\n' "$2" >>"$1"; }   # FILE, line

refuses() {   # RULE [ARGUMENT], and the place and word that the complaint must name
	run "$root/scripts/check-$1" $2
	[ "$status" -eq 1 ]
	[[ "$output" == *"$3"* ]]
	[[ "$output" == *"$4"* ]]
}

compile() { gcc -I. -c -o "obj/${1%.c}.o" "$1"; }

@test "a good tree passes layers, exports, banned" {
	compile base/sum.c
	"$root/scripts/check-layers"
	"$root/scripts/check-exports" obj
	"$root/scripts/check-banned"
}

@test "an include against the arrows is refused" {
	plant base/sum.c '#include "archive/store.h"'
	refuses layers '' base/sum.c:7 'no arrow leads from base/ to archive/'
}

@test "mutators that include evaluators are refused" {
	plant mutators/swap.c '#include "evaluators/evaluator.h"'
	refuses layers '' mutators/swap.c:1 'no arrow leads from mutators/ to evaluators/'
}

@test "an outside library in a second folder is refused" {
	plant mutators/swap.c '#  include <sqlite3.h>'
	refuses layers '' mutators/swap.c:1 'lives in archive/'
}

@test "an unknown outside library is refused" {
	plant base/sum.c '#include <gsl/gsl_math.h>'
	refuses layers '' base/sum.c:7 'unknown library'
}

@test "a problem that sees more than the public headers is refused" {
	plant evaluators/problems/sums/evaluator.c '#include "base/sum.h"'
	refuses layers '' evaluators/problems/sums/evaluator.c:4 'a problem sees only'
}

@test "an include without its folder is refused" {
	plant base/sum.c '#include "sum.h"'
	refuses layers '' base/sum.c:7 'path from the root'
}

@test "a function that does not carry its file's name is refused" {
	plant base/sum.c 'int total(void); int total(void) { return 0; }'
	compile base/sum.c
	refuses exports obj base/sum 'exports total'
}

@test "a variable that does not carry its file's name is refused" {
	plant base/sum.c 'int counter = 3;'
	compile base/sum.c
	refuses exports obj base/sum 'exports counter'
}

@test "a name that only begins like the file's is refused" {
	plant base/sum.c 'int summary(void); int summary(void) { return 0; }'
	compile base/sum.c
	refuses exports obj base/sum 'exports summary'
}

@test "a stem used twice is refused" {
	compile base/sum.c
	touch sandbox/box/sum.c
	refuses exports obj sandbox/box/sum.c "taken by base/"
}

@test "banned calls are refused, each with its line" {
	local call
	for call in 'strcpy(a, b)' 'strcat(a, b)' 'sprintf(a, "x")' 'gets(a)' 'strtok(a, b)' 'system (a)' 'popen(a, b)' \
		'alloca(9)' 'rand()' 'atoi(a)' 'cJSON_Parse(a)' 'die("x")' 'printf("x")' 'fprintf(stderr, "x")' 'perror("x")'; do
		printf '/*\n * strcpy(a, b) in a comment\n */\nvoid swap_f(void) { %s; }\n' "$call" >mutators/swap.c
		refuses banned '' mutators/swap.c:4 "${call%%[ (]*}"
	done
}

@test "words in comments, in strings and of members are not calls" {
	printf '/* strcpy(a, b) */ // rand()\nconst char *swap_text = "system(x) \\" die(";\n' >mutators/swap.c
	plant mutators/swap.c 'int swap_f(struct s *h) { return h->random(3) + snprintf(0, 0, "x"); }'
	"$root/scripts/check-banned"
}

@test "SQL outside the archive is refused" {
	plant mutators/swap.c 'const char *swap_q = "x" "DELETE FROM programs";'
	refuses banned '' mutators/swap.c:1 'SQL stands only in archive/'
}

@test "a folder of one machine in a tracked file is refused" {
	git init -q .
	git add .
	"$root/scripts/check-paths"
	plant base/sum.c "/* see /wo""rk/notes */"
	refuses paths '' base/sum.c:7 'folders of one machine'
}

@test "long files and functions are reported" {
	{ echo 'int sum_long(void)'; echo '{'; yes '	;' | head -800; echo '}'; } >>base/sum.c
	run "$root/scripts/check-length"
	[ "$status" -eq 0 ]
	[[ "$output" == *"base/sum.c: 809 lines"* ]]
	[[ "$output" == *"sum_long has 801 lines"* ]]
}
