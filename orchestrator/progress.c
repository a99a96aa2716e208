#include "orchestrator/progress.h"

#include <math.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/buffer.h"
#include "base/clock.h"
#include "base/memory.h"
#include "base/text.h"

#define LINES_MAX 6
#define LINE_BYTES_MAX 1024
#define FRAME_BYTES_MAX (64u << 10)
#define COLUMNS_FALLBACK 80
#define DRAW_NS 100000000LL /* at most ten pictures a second */
#define PLAIN_NS 5000000000LL
#define NOT_YET INT64_MIN

enum colour { PLAIN, BOLD, DIM, GOOD };
static const char *const colours[] = { "", "\033[1m", "\033[2m", "\033[32m" };

struct line {
	char text[LINE_BYTES_MAX];
	size_t size;
	int columns;
};

struct progress {
	FILE *out; /* borrowed */
	bool quiet, live, colour;
	struct line lines[LINES_MAX]; /* the block as it stands on the terminal */
	int line_count;               /* 0: nothing stands there */
	int width;                    /* columns that the next line may fill */
	int64_t shown_ns;
	/* one picture, written at once: standard error is not buffered */
	struct buffer frame;
};

struct progress *progress_new(FILE *out, bool quiet)
{
	struct progress *p = memory_alloc(sizeof *p);
	const char *term = getenv("TERM"), *no_colour = getenv("NO_COLOR");

	p->out = out;
	p->quiet = quiet;
	buffer_init(&p->frame, FRAME_BYTES_MAX);
	p->live = !quiet && isatty(fileno(out)) && term && *term && strcmp(term, "dumb") != 0;
	p->colour = p->live && !(no_colour && *no_colour);
	/* a first plain line has nothing to tell yet */
	p->shown_ns = p->live ? NOT_YET : clock_now_ns();
	return p;
}

void progress_free(struct progress *p)
{
	if (!p)
		return;
	buffer_release(&p->frame);
	free(p);
}

/* ---- one line, cut to the terminal's width ---- */

/* Columns are counted in code points; a control byte of a file's name is shown as '?'. */
static void add(struct progress *p, struct line *l, enum colour colour, const char *text)
{
	bool coloured = p->colour && colour != PLAIN && l->size + 16 < LINE_BYTES_MAX;

	if (coloured)
		l->size += (size_t)snprintf(
			l->text + l->size, LINE_BYTES_MAX - l->size, "%s", colours[colour]);
	for (; *text && l->size + 8 < LINE_BYTES_MAX; text++) {
		bool begins = ((unsigned char)*text & 0xc0) != 0x80;

		if (begins && l->columns == p->width)
			break;
		l->columns += begins;
		l->text[l->size++] = (unsigned char)*text < ' ' ? '?' : *text;
	}
	if (coloured)
		l->size += (size_t)snprintf(l->text + l->size, LINE_BYTES_MAX - l->size, "\033[0m");
	l->text[l->size] = 0;
}

static void __attribute__((format(printf, 4, 5)))
put(struct progress *p, struct line *l, enum colour colour, const char *format, ...)
{
	char text[512];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof text, format, args);
	va_end(args);
	add(p, l, colour, text);
}

static struct line *next_line(struct progress *p, int most)
{
	struct line *l = &p->lines[p->line_count < most ? p->line_count++ : LINES_MAX - 1];

	*l = (struct line){ .size = 0 };
	return l;
}

/* ---- the block on a terminal ---- */

static void window(const struct progress *p, int *columns, int *rows)
{
	struct winsize w;
	bool known = ioctl(fileno(p->out), TIOCGWINSZ, &w) == 0;

	*columns = known && w.ws_col > 0 ? w.ws_col : COLUMNS_FALLBACK;
	*rows = known && w.ws_row > 0 ? w.ws_row : 24;
}

/*
 * A terminal that became narrower wraps the lines that stand on it, so the block may fill more rows
 * than it has lines.
 */
static void clear_block(struct progress *p, int columns)
{
	int rows = 0;

	for (int i = 0; i < p->line_count; i++)
		rows += p->lines[i].columns > 0 ? (p->lines[i].columns + columns - 1) / columns : 1;
	if (rows > 0)
		buffer_format(&p->frame, "\033[%dA\r\033[J", rows);
}

static void draw_block(struct progress *p)
{
	for (int i = 0; i < p->line_count; i++)
		buffer_format(&p->frame, "%s\n", p->lines[i].text);
}

static void write_frame(struct progress *p)
{
	fwrite(p->frame.bytes, 1, p->frame.size, p->out);
	fflush(p->out);
	buffer_clear(&p->frame);
}

static void best_line(struct progress *p, struct line *l, const struct progress_facts *f)
{
	add(p, l, DIM, "best         ");
	if (!isfinite(f->best)) {
		add(p, l, PLAIN, "none yet");
		return;
	}
	put(p, l, GOOD, "%s %.6g%s%s", f->fitness_name, f->best, *f->fitness_unit ? " " : "",
		f->fitness_unit);
	if (isfinite(f->best_low) && isfinite(f->best_high))
		put(p, l, PLAIN, " [%.4g, %.4g]", f->best_low, f->best_high);
	if (isfinite(f->seed))
		put(p, l, PLAIN, "  seed %.6g", f->seed);
	if (f->best_id)
		put(p, l, DIM, "  %.12s", f->best_id);
}

static void verdict_line(struct progress *p, struct line *l, const struct progress_facts *f)
{
	add(p, l, DIM, "verdicts    ");
	for (int i = 0; i < f->verdict_count; i++)
		put(p, l, PLAIN, " %s %lld", f->verdicts[i].name, (long long)f->verdicts[i].count);
}

static void left_text(char out[64], const struct progress_facts *f)
{
	char span[32];

	out[0] = 0;
	if (f->left_ns >= 0) {
		text_human_span(span, f->left_ns);
		snprintf(out, 64, "%s left", span);
	}
	if (f->evaluations_left >= 0) {
		size_t used = strlen(out);

		snprintf(out + used, 64 - used, "%s%lld evaluations left", used ? ", " : "",
			(long long)f->evaluations_left);
	}
}

static int duplicate_percent(const struct progress_facts *f)
{
	int64_t all = f->evaluations + f->duplicates;

	return all > 0 ? (int)(100 * f->duplicates / all) : 0;
}

static void make_block(struct progress *p, const struct progress_facts *f, int most)
{
	char elapsed[32], left[64];
	struct line *l;

	p->line_count = 0;
	text_human_span(elapsed, f->elapsed_ns);
	left_text(left, f);
	l = next_line(p, most);
	add(p, l, BOLD, f->problem);
	put(p, l, PLAIN, "  %s%s%s", elapsed, *left ? ", " : "", left);
	put(p, l, DIM, "  %s", f->file);
	best_line(p, next_line(p, most), f);
	l = next_line(p, most);
	add(p, l, DIM, "evaluations  ");
	put(p, l, PLAIN, "%lld  %.1f/s  duplicates %lld (%d %%)", (long long)f->evaluations,
		f->rate, (long long)f->duplicates, duplicate_percent(f));
	l = next_line(p, most);
	add(p, l, DIM, "cells        ");
	put(p, l, PLAIN, "%lld of %lld", (long long)f->cells_filled, (long long)f->cells);
	put(p, l, PLAIN, "   workers busy: %d of %d measuring, %d of %d compiling",
		f->measuring_busy, f->measuring, f->compiling_busy, f->compiling);
	verdict_line(p, next_line(p, most), f);
}

static void show_live(struct progress *p, const struct progress_facts *f)
{
	int columns, rows;

	window(p, &columns, &rows);
	clear_block(p, columns);
	/* The last column stays free: some terminals wrap when it is filled. */
	p->width = columns > 1 ? columns - 1 : 1;
	make_block(p, f, rows > LINES_MAX ? LINES_MAX - 1 : rows > 2 ? rows - 1 : 1);
	draw_block(p);
	write_frame(p);
}

/* ---- plain lines ---- */

static void show_plain(const struct progress *p, const struct progress_facts *f)
{
	char elapsed[32], left[64];

	text_human_span(elapsed, f->elapsed_ns);
	left_text(left, f);
	fprintf(p->out, "%s: %lld evaluations, %.1f/s, %lld duplicates, cells %lld of %lld",
		elapsed, (long long)f->evaluations, f->rate, (long long)f->duplicates,
		(long long)f->cells_filled, (long long)f->cells);
	if (isfinite(f->best)) {
		fprintf(p->out, ", best %.6g%s%s", f->best, *f->fitness_unit ? " " : "",
			f->fitness_unit);
		if (isfinite(f->best_low) && isfinite(f->best_high))
			fprintf(p->out, " [%.4g, %.4g]", f->best_low, f->best_high);
		fprintf(p->out, " (seed %.6g)", f->seed);
	}
	for (int i = 0; i < f->verdict_count; i++)
		fprintf(p->out, ", %s %lld", f->verdicts[i].name, (long long)f->verdicts[i].count);
	fprintf(p->out, ", busy %d of %d measuring, %d of %d compiling", f->measuring_busy,
		f->measuring, f->compiling_busy, f->compiling);
	fprintf(p->out, "%s%s\n", *left ? ", " : "", left);
	fflush(p->out);
}

void progress_show(struct progress *p, const struct progress_facts *f, bool force)
{
	int64_t now = clock_now_ns();

	if (!p || p->quiet)
		return;
	if (!force && p->shown_ns != NOT_YET && now - p->shown_ns < (p->live ? DRAW_NS : PLAIN_NS))
		return;
	p->shown_ns = now;
	if (p->live)
		show_live(p, f);
	else
		show_plain(p, f);
}

void progress_line(struct progress *p, const char *format, ...)
{
	char line[LINE_BYTES_MAX];
	va_list args;
	int columns, rows;

	if (!p || p->quiet)
		return;
	window(p, &columns, &rows);
	if (p->live)
		clear_block(p, columns);
	va_start(args, format);
	vsnprintf(line, sizeof line, format, args);
	va_end(args);
	for (char *c = line; *c; c++) { /* a worker's words come here too */
		if ((unsigned char)*c < ' ')
			*c = *c == '\t' || *c == '\n' ? ' ' : '?';
	}
	buffer_format(&p->frame, "%s\n", line);
	if (p->live)
		draw_block(p);
	write_frame(p);
}
