#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "archive/archive.h"
#include "base/err.h"
#include "base/hash.h"
#include "tests/support/campaigns.h"
#include "tests/support/scratch.h"

static void the_first_program_with_a_hash_is_found(void **state)
{
	struct archive *a = campaigns_create("c");
	struct campaigns_sample s, twin;
	struct hash none = { { 1 } };
	int64_t id = 0, first;
	void *image = NULL;
	size_t size = 0;

	(void)state;
	campaigns_fill(&s, 0, 1, 3);
	first = campaigns_commit(a, &s, true, NULL);
	campaigns_fill(&twin, 1, 1, 4);
	twin.p.token = s.p.token;
	twin.p.object = s.p.object;
	campaigns_commit(a, &twin, false, NULL);
	assert_int_equal(archive_find_token(&id, a, &s.p.token, NULL), 1);
	assert_int_equal(id, first);
	assert_int_equal(archive_find_object(&id, a, &s.p.object, NULL), 1);
	assert_int_equal(id, first);
	assert_int_equal(archive_find_token(&id, a, &none, NULL), 0);
	assert_int_equal(archive_find_object(&id, a, &none, NULL), 0);
	assert_int_equal(archive_image(&image, &size, a, first, NULL), 0);
	assert_int_equal(size, 200);
	assert_memory_equal(image, s.source, 100);
	free(image);
	assert_int_equal(archive_image(&image, &size, a, 77, NULL), ERR_MISSING);
	archive_close(a);
}

static void prefixes_resolve_as_in_git(void **state)
{
	struct archive *a = campaigns_create("c");
	struct err e = { 0 };
	struct campaigns_sample s;
	int64_t id = 0, one, two;

	(void)state;
	assert_int_equal(archive_resolve(&id, a, "best", &e), ERR_MISSING);
	campaigns_fill(&s, 0, 1, 3);
	hash_from_hex(&s.p.name, "abcdef00000000000000000000000000");
	one = campaigns_commit(a, &s, true, NULL);
	campaigns_fill(&s, 1, 2, 4);
	hash_from_hex(&s.p.name, "abcde100000000000000000000000000");
	two = campaigns_commit(a, &s, true, NULL);
	assert_int_equal(archive_resolve(&id, a, "abcdef", &e), 0);
	assert_int_equal(id, one);
	assert_int_equal(archive_resolve(&id, a, "ABCDE1", &e), 0);
	assert_int_equal(id, two);
	assert_int_equal(archive_resolve(&id, a, "abcde", &e), ERR_ARGS);
	assert_non_null(strstr(e.text, "abcdef00"));
	assert_non_null(strstr(e.text, "abcde100"));
	assert_int_equal(archive_resolve(&id, a, "abc", &e), ERR_ARGS);
	assert_int_equal(archive_resolve(&id, a, "abcx", &e), ERR_ARGS);
	assert_int_equal(archive_resolve(&id, a, "1234", &e), ERR_MISSING);
	assert_int_equal(archive_resolve(&id, a, "abcdef000000000000000000000000000", &e), ERR_ARGS);
	assert_int_equal(archive_resolve(&id, a, "best", &e), 0);
	assert_int_equal(id, two);
	assert_int_equal(archive_resolve(&id, a, "seed", &e), 0);
	assert_int_equal(id, one);
	archive_close(a);
}

static void lists_filter_order_and_page(void **state)
{
	static const struct { struct archive_filter f; int count; int64_t first; } rows[] = {
		{ { 0 }, 20, 30 },
		{ { .limit = 5, .before_id = 10 }, 5, 9 },
		{ { .verdict = "crash" }, 10, 30 },
		{ { .verdict = "crash", .before_id = 4 }, 1, 3 },
		{ { .verdict = "timeout" }, 0, 0 },
		{ { .by_fitness = true, .limit = 100 }, 20, 29 },
		{ { .by_fitness = true, .verdict = "ok", .limit = 3 }, 3, 29 },
		{ { .by_fitness = true, .verdict = "crash" }, 0, 0 },
		{ { .elites_only = true }, 7, 29 },
		{ { .elites_only = true, .verdict = "ok", .limit = 2 }, 2, 29 },
		{ { .elites_only = true, .by_fitness = true, .limit = 100 }, 7, 29 },
	};
	struct archive *a = campaigns_create("c");

	(void)state;
	for (int i = 0; i < 30; i++) {
		if (i % 3 == 2)
			campaigns_commit_failed(a, i, "crash");
		else
			campaigns_commit_one(a, i, i, i % 7);
	}
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct archive_program *list = NULL;
		int count = -1;

		assert_int_equal(archive_list(&list, &count, a, &rows[i].f, NULL), 0);
		assert_int_equal(count, rows[i].count);
		if (count > 0)
			assert_int_equal(list[0].id, rows[i].first);
		for (int j = 0; rows[i].f.by_fitness && j + 1 < count; j++)
			assert_true(list[j].fitness > list[j + 1].fitness);
		archive_programs_free(list, count);
	}
	archive_close(a);
}

static void elites_come_by_cell_and_lineage_back_to_the_seed(void **state)
{
	struct archive *a = campaigns_create("c");
	struct archive_program *list = NULL;
	int64_t id = 0;
	int count = 0;

	(void)state;
	for (int i = 0; i < 10; i++) {
		struct campaigns_sample s;

		campaigns_fill(&s, i, i, 9 - i);
		s.p.depth = i;
		if (i > 0) {
			s.p.parents[0] = id;
			s.p.parent_count = 1;
		}
		id = campaigns_commit(a, &s, true, NULL);
	}
	assert_int_equal(archive_elites(&list, &count, a, NULL), 0);
	assert_int_equal(count, 10);
	for (int i = 0; i < count; i++)
		assert_true(list[i].cell == i && list[i].fitness == 9 - i && list[i].elite);
	archive_programs_free(list, count);
	assert_int_equal(archive_lineage(&list, &count, a, id, NULL), 0);
	assert_int_equal(count, 10);
	assert_true(list[0].id == id && list[9].proposal == 0 && list[9].depth == 0);
	archive_programs_free(list, count);
	assert_int_equal(archive_lineage(&list, &count, a, 77, NULL), ERR_MISSING);
	archive_close(a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(the_first_program_with_a_hash_is_found, scratch_clear),
		cmocka_unit_test_setup(prefixes_resolve_as_in_git, scratch_clear),
		cmocka_unit_test_setup(lists_filter_order_and_page, scratch_clear),
		cmocka_unit_test_setup(elites_come_by_cell_and_lineage_back_to_the_seed, scratch_clear),
	};

	return cmocka_run_group_tests(tests, scratch_enter, scratch_leave);
}
