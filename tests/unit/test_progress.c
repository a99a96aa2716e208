#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <fcntl.h>
#include <math.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>
#include <cmocka.h>

#include "base/text.h"
#include "orchestrator/progress.h"

static struct progress_facts facts(void)
{
	struct progress_facts f = {
		.problem = "toy",
		.file = "a/campaign/with/a/long/path.clade",
		.fitness_name = "digits",
		.fitness_unit = "digits",
		.evaluations = 1234,
		.duplicates = 66,
		.cells_filled = 7,
		.cells = 40,
		.rate = 12.5,
		.best = 9.25,
		.best_low = 9.0,
		.best_high = 9.5,
		.seed = 4.0,
		.best_id = "0123456789abcdef",
		.measuring_busy = 1,
		.measuring = 2,
		.compiling = 2,
		.elapsed_ns = 42000000000LL,
		.left_ns = 18000000000LL,
		.evaluations_left = -1,
		.verdict_count = 2,
	};

	f.verdicts[0].name = "ok";
	f.verdicts[0].count = 1000;
	f.verdicts[1].name = "wrong";
	f.verdicts[1].count = 234;
	return f;
}

/* ---- a terminal of our own ---- */

struct terminal {
	int master;
	FILE *out;
};

static struct terminal open_terminal(int columns, int rows)
{
	struct terminal t;
	struct winsize w = { .ws_col = (unsigned short)columns, .ws_row = (unsigned short)rows };
	struct termios raw;
	int slave;

	t.master = posix_openpt(O_RDWR | O_NOCTTY | O_NONBLOCK);
	assert_true(t.master >= 0 && grantpt(t.master) == 0 && unlockpt(t.master) == 0);
	slave = open(ptsname(t.master), O_RDWR | O_NOCTTY);
	assert_true(slave >= 0);
	tcgetattr(slave, &raw);
	cfmakeraw(&raw);
	tcsetattr(slave, TCSANOW, &raw);
	ioctl(slave, TIOCSWINSZ, &w);
	t.out = fdopen(slave, "w");
	return t;
}

static void close_terminal(struct terminal *t)
{
	fclose(t->out);
	close(t->master);
}

/* What was written since the last call; caller frees. */
static char *taken(struct terminal *t)
{
	char *text = calloc(1, 65536);
	struct pollfd ready = { .fd = t->master, .events = POLLIN };
	size_t size = 0;

	fflush(t->out);
	/* The kernel hands a terminal's bytes on a little later. */
	while (size < 65535 && poll(&ready, 1, 50) > 0) {
		ssize_t n = read(t->master, text + size, 65535 - size);

		if (n <= 0)
			break;
		size += (size_t)n;
	}
	return text;
}

/* The widest line, and the number of lines, without what colours it. */
static int widest(const char *text, int *lines)
{
	int width = 0, most = 0;

	*lines = 0;
	for (; *text; text++) {
		if (*text == '\033') {
			while (*text && !strchr("mJAK", *text))
				text++;
		} else if (*text == '\n') {
			*lines += 1;
			width = 0;
		} else if (*text != '\r') {
			most = ++width > most ? width : most;
		}
	}
	return most;
}

static void use_terminal(const char *term, const char *no_colour)
{
	setenv("TERM", term, 1);
	if (no_colour)
		setenv("NO_COLOR", no_colour, 1);
	else
		unsetenv("NO_COLOR");
}

/* ---- plain ---- */

static void a_file_gets_plain_lines_without_control_characters(void **state)
{
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);
	struct progress *p;
	struct progress_facts f = facts();

	(void)state;
	use_terminal("xterm", NULL);
	/* A memory stream has no descriptor, which is no terminal either. */
	p = progress_new(out, false);
	progress_show(p, &f, true);
	progress_show(p, &f, false);
	progress_line(p, "new best %d\033[2J", 5);
	progress_free(p);
	fclose(out);
	assert_non_null(strstr(text, "1234 evaluations, 12.5/s, 66 duplicates, cells 7 of 40"));
	assert_non_null(strstr(text, "best 9.25 digits [9, 9.5] (seed 4)"));
	assert_non_null(strstr(text, "ok 1000, wrong 234"));
	assert_non_null(strstr(text, "18.0 s left"));
	assert_non_null(strstr(text, "\nnew best 5?[2J\n"));
	assert_null(strchr(text, '\033'));
	assert_null(strchr(text, '\r'));
	/* One forced line: the second call came too early. */
	assert_null(strstr(strstr(text, "1234 eval") + 1, "1234 eval"));
	free(text);
}

static void nothing_is_said_when_quiet(void **state)
{
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);
	struct progress *p = progress_new(out, true);
	struct progress_facts f = facts();

	(void)state;
	progress_show(p, &f, true);
	progress_line(p, "new best");
	progress_free(p);
	fclose(out);
	assert_int_equal(size, 0);
	free(text);
}

static void a_dumb_terminal_gets_plain_lines(void **state)
{
	struct terminal t = open_terminal(80, 24);
	struct progress_facts f = facts();
	struct progress *p;
	char *text;

	(void)state;
	use_terminal("dumb", NULL);
	p = progress_new(t.out, false);
	progress_show(p, &f, true);
	text = taken(&t);
	assert_null(strchr(text, '\033'));
	assert_non_null(strstr(text, "1234 evaluations"));
	free(text);
	progress_free(p);
	close_terminal(&t);
}

/* ---- live ---- */

static void a_terminal_gets_a_block_that_is_drawn_over(void **state)
{
	struct terminal t = open_terminal(100, 24);
	struct progress_facts f = facts();
	struct progress *p;
	char *text, up[16];
	int lines;

	(void)state;
	use_terminal("xterm", NULL);
	p = progress_new(t.out, false);
	progress_show(p, &f, true);
	text = taken(&t);
	assert_true(widest(text, &lines) <= 99);
	assert_in_range(lines, 3, 6);
	assert_null(strstr(text, "\033[J")); /* nothing stood there */
	assert_non_null(strstr(text, "\033[32m"));
	snprintf(up, sizeof up, "\033[%dA\r\033[J", lines);
	free(text);
	progress_show(p, &f, true);
	text = taken(&t);
	assert_true(text_has_prefix(text, up));
	free(text);
	progress_line(p, "new best");
	text = taken(&t);
	assert_true(text_has_prefix(text, up));
	assert_true(strncmp(text + strlen(up), "new best\n", 9) == 0);
	assert_non_null(strstr(text, "1234")); /* the block stands below it again */
	free(text);
	progress_free(p);
	close_terminal(&t);
}

static void colours_are_left_away_where_they_are_not_wanted(void **state)
{
	struct terminal t = open_terminal(100, 24);
	struct progress_facts f = facts();
	struct progress *p;
	char *text;

	(void)state;
	use_terminal("xterm", "1");
	p = progress_new(t.out, false);
	progress_show(p, &f, true);
	text = taken(&t);
	assert_null(strchr(text, '\033'));
	free(text);
	progress_free(p);
	close_terminal(&t);
}

static void lines_are_cut_to_a_narrow_terminal(void **state)
{
	struct terminal t = open_terminal(30, 24);
	struct progress_facts f = facts();
	struct progress *p;
	char *text;
	int lines;

	(void)state;
	use_terminal("xterm", NULL);
	/* two bytes, one column; control characters are shown as '?' */
	f.problem = "pr\303\266blem\twith\033a name";
	p = progress_new(t.out, false);
	progress_show(p, &f, true);
	text = taken(&t);
	assert_true(widest(text, &lines) <= 29 + 1); /* the two bytes of one letter */
	assert_non_null(strstr(text, "pr\303\266blem?with?a name"));
	free(text);
	progress_free(p);
	close_terminal(&t);
}

static void a_window_made_narrower_is_cleared_of_its_wrapped_lines(void **state)
{
	struct terminal t = open_terminal(100, 24);
	struct winsize narrow = { .ws_col = 20, .ws_row = 24 };
	struct progress_facts f = facts();
	struct progress *p;
	char *text;
	int lines, up = 0;

	(void)state;
	use_terminal("xterm", "1");
	p = progress_new(t.out, false);
	progress_show(p, &f, true);
	text = taken(&t);
	widest(text, &lines);
	free(text);
	ioctl(fileno(t.out), TIOCSWINSZ, &narrow);
	progress_show(p, &f, true);
	text = taken(&t);
	assert_int_equal(sscanf(text, "\033[%dA", &up), 1);
	assert_true(up > lines); /* each line fills several rows now */
	free(text);
	progress_free(p);
	close_terminal(&t);
}

static void a_low_terminal_gets_fewer_lines(void **state)
{
	struct terminal t = open_terminal(100, 3);
	struct progress_facts f = facts();
	struct progress *p;
	char *text;
	int lines;

	(void)state;
	use_terminal("xterm", NULL);
	p = progress_new(t.out, false);
	progress_show(p, &f, true);
	text = taken(&t);
	widest(text, &lines);
	assert_int_equal(lines, 2);
	free(text);
	progress_free(p);
	close_terminal(&t);
}

static void before_the_first_best_there_is_none(void **state)
{
	struct terminal t = open_terminal(100, 24);
	struct progress_facts f = facts();
	struct progress *p;
	char *text;

	(void)state;
	use_terminal("xterm", "1");
	f.best = f.best_low = f.best_high = f.seed = NAN;
	f.best_id = NULL;
	p = progress_new(t.out, false);
	progress_show(p, &f, true);
	text = taken(&t);
	assert_non_null(strstr(text, "none yet"));
	assert_null(strstr(text, "nan"));
	free(text);
	progress_free(p);
	close_terminal(&t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_file_gets_plain_lines_without_control_characters),
		cmocka_unit_test(nothing_is_said_when_quiet),
		cmocka_unit_test(a_dumb_terminal_gets_plain_lines),
		cmocka_unit_test(a_terminal_gets_a_block_that_is_drawn_over),
		cmocka_unit_test(colours_are_left_away_where_they_are_not_wanted),
		cmocka_unit_test(lines_are_cut_to_a_narrow_terminal),
		cmocka_unit_test(a_window_made_narrower_is_cleared_of_its_wrapped_lines),
		cmocka_unit_test(a_low_terminal_gets_fewer_lines),
		cmocka_unit_test(before_the_first_best_there_is_none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
