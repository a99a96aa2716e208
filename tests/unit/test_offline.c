/*
 * The offline mutator as a whole: what it proposes from three seeds, drifting away from them, and
 * how much of it a compiler takes.
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include "base/buffer.h"
#include "base/err.h"
#include "base/fdio.h"
#include "base/random.h"
#include "base/text.h"
#include "mutators/mutator.h"
#include "mutators/offline.h"
#include "mutators/operator.h"
#include "mutators/syntax.h"
#include "tests/support/seeds.h"

#define PROPOSALS 500
#define ROUND 50
#define POOL 24
#define OPERATORS_MAX 128

/* A program that the walk may change further. */
struct member { char *text; size_t size; };

struct walk {
	const struct seed *seed;
	char *base; size_t base_size; struct region base_region;
	struct member pool[POOL]; int pool_count;
	struct mutator_proposal made[PROPOSALS]; int made_count;
	bool compiles[PROPOSALS];
};

static int propose(struct mutator_proposal *out, const struct seed *s, struct member first,
	struct member second, uint64_t k)
{
	struct random r;
	struct mutator_task task = { .domain = &s->domain, .parent_count = 2, .random = &r };
	struct err e = { 0 };
	int rc;

	random_keyed(&r, 1, k);
	task.parents[0].source = first.text;
	task.parents[0].source_bytes = first.size;
	task.parents[1].source = second.text;
	task.parents[1].source_bytes = second.size;
	memset(out, 0, sizeof *out);
	rc = mutator_table[0]->propose(out, &task, &e);
	if (rc < 0)
		fail_msg("%s", e.text);
	return rc;
}

static void walk_release(struct walk *w)
{
	for (int i = 0; i < w->made_count; i++)
		mutator_proposal_release(&w->made[i]);
	free(w->base);
}

static char *tokens_of(const char *text, size_t size)
{
	struct region r;
	char *tokens = NULL;
	size_t tokens_size;

	assert_int_equal(region_find(&r, text, size, NULL, NULL), 0);
	assert_int_equal(syntax_tokens(&tokens, &tokens_size, text, size, r, NULL, NULL), 0);
	return tokens;
}

/*
 * All regions in one unit, each under a name of its own; the compiler's messages then name the
 * proposal by #line.
 */
static void write_unit(const struct walk *w, const char *path, int from)
{
	struct buffer unit;
	struct err e = { 0 };

	buffer_init(&unit, 64u << 20);
	buffer_add_text(&unit, w->seed->prelude);
	buffer_add(&unit, w->base, w->base_region.start);
	for (int i = from; i < w->made_count; i++) {
		const struct mutator_proposal *p = &w->made[i];
		struct region r;

		assert_int_equal(region_check(&r, w->base, w->base_size, w->base_region, p->source,
					 p->source_bytes, &e),
			0);
		buffer_format(&unit, "\n#define %s f%d\n#line 1 \"proposal %d\"\n",
			w->seed->function, i, i);
		buffer_add(&unit, p->source + r.start, r.end - r.start);
		buffer_format(&unit, "\n#undef %s\n", w->seed->function);
	}
	assert_int_equal(unit.full, 0);
	assert_int_equal(fdio_write_file(path, unit.bytes, unit.size, &e), 0);
	buffer_release(&unit);
}

static void compile_round(struct walk *w, int from)
{
	char path[] = "/tmp/clade-offline-XXXXXX", command[128], line[512];
	int fd = mkstemp(path);
	FILE *messages;

	assert_true(fd >= 0);
	close(fd);
	write_unit(w, path, from);
	for (int i = from; i < w->made_count; i++)
		w->compiles[i] = true;
	snprintf(command, sizeof command, "gcc -std=c17 -x c -w -fsyntax-only %s 2>&1", path);
	messages = popen(command, "r");
	assert_non_null(messages);
	while (fgets(line, sizeof line, messages) != NULL) {
		int i;

		if (strstr(line, "error:") == NULL)
			continue;
		if (sscanf(line, "proposal %d:", &i) == 1 && i >= 0 && i < w->made_count) {
			if (w->compiles[i])
				print_message("  %s    by %s\n", line, w->made[i].operation);
			w->compiles[i] = false;
		} else {
			fail_msg("%s", line);
		}
	}
	pclose(messages);
	unlink(path);
}

/* Those of the last round that compile join the pool. */
static void walk_round(struct walk *w, struct random *r)
{
	compile_round(w, w->made_count - ROUND);
	for (int i = w->made_count - ROUND; i < w->made_count; i++) {
		struct mutator_proposal *p = &w->made[i];
		int at = w->pool_count < POOL ? w->pool_count : 1 + (int)random_below(r, POOL - 1);

		/* Members that grow without end would say little about real parents. */
		if (!w->compiles[i] || p->source_bytes > 4 * w->base_size)
			continue;
		w->pool[at] = (struct member){ p->source, p->source_bytes };
		w->pool_count += at == w->pool_count;
	}
}

/*
 * PROPOSALS children, each of a random member of a pool that the children enter if they compile:
 * neutral drift, so that later parents look like no seed. The compiler runs once for every ROUND of
 * them.
 */
static void walk_run(struct walk *w, const struct seed *s)
{
	struct random r;

	memset(w, 0, sizeof *w);
	w->seed = s;
	w->base = seeds_read(s, &w->base_size, &w->base_region);
	w->pool[w->pool_count++] = (struct member){ w->base, w->base_size };
	random_keyed(&r, 2, 0);
	for (int k = 0; w->made_count < PROPOSALS; k++) {
		uint64_t first = random_below(&r, (uint64_t)w->pool_count),
			 second = random_below(&r, (uint64_t)w->pool_count);

		assert_true(k < 2 * PROPOSALS);
		if (propose(&w->made[w->made_count], s, w->pool[first], w->pool[second],
			    (uint64_t)k) != 1)
			continue;
		if (++w->made_count % ROUND == 0)
			walk_round(w, &r);
	}
}

/* By the first of the stacked operators. */
static void print_yields(const struct walk *w)
{
	for (int g = 0; offline_groups[g] != NULL; g++)
		for (const struct operator *o = offline_groups[g]; o->name != NULL; o++) {
			int made = 0, compiles = 0;

			for (int i = 0; i < w->made_count; i++)
				if (text_has_prefix(w->made[i].operation, o->name)) {
					made++;
					compiles += w->compiles[i];
				}
			if (made > 0)
				print_message("  %-24s %4d proposals, %3d %% compile\n", o->name,
					made, 100 * compiles / made);
		}
}

static void check_seed(const struct seed *s)
{
	struct walk *w = calloc(1, sizeof *w);
	int compiles = 0;

	assert_non_null(w);
	walk_run(w, s);
	print_message("%s\n", s->path);
	print_yields(w);
	for (int i = 0; i < w->made_count; i++)
		compiles += w->compiles[i];
	print_message("  all                      %4d proposals, %.1f %% compile\n", w->made_count,
		100.0 * compiles / w->made_count);
	assert_true(compiles >= 0.95 * w->made_count);
	walk_release(w);
	free(w);
}

static void nearly_all_proposals_for_numerics_compile(void **state)
{
	(void)state;
	check_seed(&seeds[SEEDS_EXP2]);
}
static void nearly_all_proposals_for_rules_compile(void **state)
{
	(void)state;
	check_seed(&seeds[SEEDS_RULE]);
}
static void nearly_all_proposals_for_kernels_compile(void **state)
{
	(void)state;
	check_seed(&seeds[SEEDS_SGEMM]);
}

/*
 * Proposals from one seed until one is, token for token, one of the wanted bodies of its function;
 * how many it took, or limit.
 */
static int proposals_until(
	const struct seed *s, const char *const *wanted, int wanted_count, int limit)
{
	struct region region;
	size_t size;
	char *text = seeds_read(s, &size, &region);
	struct member seed = { text, size };
	int k, found = 0;

	for (k = 0; k < limit && !found; k++) {
		struct mutator_proposal p;
		char *tokens;

		if (propose(&p, s, seed, seed, (uint64_t)k) != 1)
			continue;
		tokens = tokens_of(p.source, p.source_bytes);
		for (int i = 0; i < wanted_count; i++) {
			char *whole =
				region_replace(text, size, region, wanted[i], strlen(wanted[i]));
			char *other = tokens_of(whole, strlen(whole));

			found |= strcmp(tokens, other) == 0;
			free(whole);
			free(other);
		}
		free(tokens);
		mutator_proposal_release(&p);
	}
	print_message("after %d proposals: %s\n", k, wanted[0]);
	free(text);
	return found ? k : limit;
}

static void interchange_comes_within_a_few_dozens(void **state)
{
	static const char *const ikj[] = {
		"void sgemm(const float *A, const float *B, float *C, size_t n) { for (size_t i = "
		"0; i < n; i++) for (size_t k = 0; k < n; k++) "
		"for (size_t j = 0; j < n; j++) C[i * n + j] += A[i * n + k] * B[k * n + j]; }\n",
	};

	(void)state;
	assert_in_range(proposals_until(&seeds[SEEDS_SGEMM], ikj, 1, 1000), 1, 48);
}

#define RULE(expression) "double priority(const struct op_view *v) { return " expression "; }\n"

/* Any rule of two values, one of them the work that remains: stepping stones from the seed. */
static void ratios_and_differences_come_within_hundreds(void **state)
{
	static const char *const ratio[] = {
		RULE("v->done / v->remaining"),
		RULE("v->processing / v->remaining"),
		RULE("v->next_processing / v->remaining"),
		RULE("v->machine_load / v->remaining"),
		RULE("v->ready / v->remaining"),
		RULE("v->time / v->remaining"),
		RULE("v->operations_left / v->remaining"),
	};
	static const char *const difference[] = {
		RULE("v->processing - v->remaining"),
		RULE("v->processing - 0.5 * v->remaining"),
		RULE("v->processing - 2.0 * v->remaining"),
		RULE("v->processing - 0.1 * v->remaining"),
		RULE("v->done - v->remaining"),
		RULE("v->time - v->remaining"),
	};

	(void)state;
	assert_in_range(proposals_until(&seeds[SEEDS_RULE], ratio, 7, 2000), 1, 600);
	assert_in_range(proposals_until(&seeds[SEEDS_RULE], difference, 6, 2000), 1, 600);
}

static int operations_of(const struct seed *s, const struct mutator_proposal *p)
{
	struct syntax_features f;
	struct region r;

	assert_int_equal(region_find(&r, p->source, p->source_bytes, NULL, NULL), 0);
	assert_int_equal(syntax_measure(&f, p->source, p->source_bytes, r, &s->domain, NULL), 0);
	return f.operations;
}

static void numeric_children_are_tuned_and_do_not_grow_on_average(void **state)
{
	const struct seed *s = &seeds[SEEDS_EXP2];
	struct region r;
	size_t size;
	char *text = seeds_read(s, &size, &r);
	struct member seed = { text, size };
	int small = 0, tuned = 0, untouched = 0, made = 0;

	(void)state;
	for (int k = 0; k < 400; k++) {
		struct mutator_proposal p;

		if (propose(&p, s, seed, seed, (uint64_t)k) != 1)
			continue;
		made++;
		small += operations_of(s, &p) <= 10;
		tuned += p.tune;
		untouched += text_equal(p.operation, "constants jitter");
		mutator_proposal_release(&p);
	}
	print_message("%d children of 10 operations: %d not larger, %d to be fitted, %d the seed's "
		      "own structure\n",
		made, small, tuned, untouched);
	assert_true(made > 380);
	assert_in_range(small * 100 / made, 45, 75);
	assert_true(tuned > made * 85 / 100);
	assert_in_range(untouched * 100 / made, 4, 20);
	free(text);
}

static void fitted_constants_come_back_as_literals(void **state)
{
	const struct seed *s = &seeds[SEEDS_EXP2];
	struct region r;
	size_t size;
	char *text = seeds_read(s, &size, &r);
	struct member seed = { text, size };
	struct mutator_proposal p = { 0 };
	double values[MUTATOR_CONSTANTS_MAX];
	struct err e = { 0 };
	char *back, *again;
	int k = 0;

	(void)state;
	while (propose(&p, s, seed, seed, (uint64_t)k++) != 1 || !p.tune)
		mutator_proposal_release(&p);
	assert_true(text_has_prefix(p.tunable, "extern double clade_constants[];\n"));
	assert_non_null(strstr(p.tunable, "clade_constants[0]"));
	assert_int_equal(mutator_with_constants(&back, &p, p.constants, p.constant_count, &e), 0);
	for (int i = 0; i < p.constant_count; i++)
		values[i] = i == 0 ? -0.125 : 3;
	assert_int_equal(mutator_with_constants(&again, &p, values, p.constant_count, &e), 0);
	assert_non_null(strstr(again, "(-0.125)"));
	assert_null(strstr(again, "clade_constants"));
	assert_non_null(strstr(again, "3.0"));
	assert_int_equal(
		syntax_allowed(again, strlen(again),
			(struct region){ r.start, strlen(again) - (size - r.end) }, &s->domain, &e),
		0);
	assert_int_equal(
		mutator_with_constants(&again, &p, values, p.constant_count - 1, &e), ERR_ARGS);
	values[0] = NAN;
	assert_int_equal(
		mutator_with_constants(&text, &p, values, p.constant_count, &e), ERR_FORMAT);
	free(back);
	free(again);
	mutator_proposal_release(&p);
	free(text);
}

static void the_same_random_stream_gives_the_same_proposal(void **state)
{
	(void)state;
	for (int i = 0; i < SEEDS_COUNT; i++) {
		struct region r;
		size_t size;
		char *text = seeds_read(&seeds[i], &size, &r);
		struct member seed = { text, size };

		for (uint64_t k = 0; k < 20; k++) {
			struct mutator_proposal a, b;

			assert_int_equal(propose(&a, &seeds[i], seed, seed, k),
				propose(&b, &seeds[i], seed, seed, k));
			if (a.source != NULL) {
				assert_string_equal(a.source, b.source);
				assert_string_equal(a.operation, b.operation);
				assert_true(text_equal(a.tunable, b.tunable));
				assert_true(text_equal(a.flags[0], b.flags[0]));
			}
			mutator_proposal_release(&a);
			mutator_proposal_release(&b);
		}
		free(text);
	}
}

static void fixed_flags_keep_attributes_and_flags_away(void **state)
{
	struct seed s = seeds[SEEDS_SGEMM];
	struct region r;
	size_t size;
	char *text = seeds_read(&s, &size, &r);
	struct member seed = { text, size };

	(void)state;
	s.domain.flags = MUTATOR_FLAGS_FIXED;
	for (uint64_t k = 0; k < 200; k++) {
		struct mutator_proposal p;

		if (propose(&p, &s, seed, seed, k) != 1)
			continue;
		assert_null(p.flags[0]);
		assert_null(strstr(p.source, "__attribute__"));
		assert_null(strstr(p.source, "#pragma"));
		assert_null(strstr(p.source, "restrict"));
		mutator_proposal_release(&p);
	}
	free(text);
}

static void a_parent_that_does_not_parse_is_an_error(void **state)
{
	static const char broken[] =
		"/* EVOLVE-BLOCK-START */\nint f( { return 1 }\n/* EVOLVE-BLOCK-END */\n";
	static const char bare[] = "int f(void) { return 1; }\n";
	struct random r;
	struct mutator_task task = {
		.domain = &seeds[SEEDS_RULE].domain, .parent_count = 1, .random = &r
	};
	struct mutator_proposal p;
	struct err e = { 0 };

	(void)state;
	random_keyed(&r, 1, 1);
	task.parents[0].source = broken;
	task.parents[0].source_bytes = strlen(broken);
	assert_int_equal(mutator_table[0]->propose(&p, &task, &e), ERR_FORMAT);
	assert_non_null(strstr(e.text, "line 2"));
	task.parents[0].source = bare;
	task.parents[0].source_bytes = strlen(bare);
	assert_int_equal(mutator_table[0]->propose(&p, &task, &e), ERR_FORMAT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nearly_all_proposals_for_numerics_compile),
		cmocka_unit_test(nearly_all_proposals_for_rules_compile),
		cmocka_unit_test(nearly_all_proposals_for_kernels_compile),
		cmocka_unit_test(interchange_comes_within_a_few_dozens),
		cmocka_unit_test(ratios_and_differences_come_within_hundreds),
		cmocka_unit_test(numeric_children_are_tuned_and_do_not_grow_on_average),
		cmocka_unit_test(fitted_constants_come_back_as_literals),
		cmocka_unit_test(the_same_random_stream_gives_the_same_proposal),
		cmocka_unit_test(fixed_flags_keep_attributes_and_flags_away),
		cmocka_unit_test(a_parent_that_does_not_parse_is_an_error),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
