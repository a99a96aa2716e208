#include "mutators/tune.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <cminpack.h>

#include "base/err.h"
#include "base/memory.h"

/*
 * A residual where the function gives none: so bad that no step goes there, small enough that its
 * square is a number.
 */
#define BAD_RESIDUAL 1e100
/* MINPACK's own advice for the first step bound. */
#define STEP_FACTOR 100.0

struct fit {
	tune_residuals_fn *residuals;
	void *context;
	int constant_count, residual_count;
	int evaluations, evaluations_max;
	double *best;            /* owned: the constants with the least sum */
	double best_sum;
	int gave_up;
};

static double sum_of_squares(const double *r, int count)
{
	double sum = 0;

	for (int i = 0; i < count; i++)
		sum += r[i] * r[i];
	return sum;
}

/* MINPACK's callback: a negative answer ends the search. */
static int fit_step(void *p, int m, int n, const double *x, double *r, int flag)
{
	struct fit *f = p;
	double sum;

	(void)flag;
	if (f->evaluations >= f->evaluations_max)
		return -1;
	f->evaluations++;
	if (f->residuals(f->context, x, r) != 0) {
		f->gave_up = 1;
		return -1;
	}
	for (int i = 0; i < m; i++)
		if (!(fabs(r[i]) <= BAD_RESIDUAL))
			r[i] = BAD_RESIDUAL;
	sum = sum_of_squares(r, m);
	if (sum < f->best_sum) {
		f->best_sum = sum;
		memcpy(f->best, x, (size_t)n * sizeof *x);
	}
	return 0;
}

int tune_constants(double *constants, int constant_count, int residual_count, tune_residuals_fn *f,
	void *context, int evaluations_max, struct err *e)
{
	struct fit fit = { .residuals = f,
		.context = context,
		.constant_count = constant_count,
		.residual_count = residual_count };
	size_t n = (size_t)constant_count, m = (size_t)residual_count;
	double *work, *x, *r, *scale, *jacobian, *qtf, *w1, *w2, *w3, *w4;
	int *pivots, calls = 0;

	/* lmdif needs at least as many residuals as constants. */
	if (constant_count < 1 || residual_count < constant_count)
		return err_set(e, ERR_ARGS, "%d constants cannot be fitted to %d residuals",
			constant_count, residual_count);
	work = memory_array(7 * n + 2 * m + m * n, sizeof *work);
	pivots = memory_array(n, sizeof *pivots);
	x = work;
	fit.best = x + n;
	scale = fit.best + n;
	qtf = scale + n;
	w1 = qtf + n;
	w2 = w1 + n;
	w3 = w2 + n;
	r = w3 + n;
	w4 = r + m;
	jacobian = w4 + m;
	memcpy(x, constants, n * sizeof *x);
	memcpy(fit.best, constants, n * sizeof *x);
	fit.best_sum = INFINITY;
	fit.evaluations_max = evaluations_max;
	lmdif(fit_step, &fit, residual_count, constant_count, x, r, 1e-15, 1e-15, 0.0,
		evaluations_max, 0.0, scale, 1, STEP_FACTOR, 0, &calls, jacobian, residual_count,
		pivots, qtf, w1, w2, w3, w4);
	memcpy(constants, fit.best, n * sizeof *constants);
	free(pivots);
	free(work);
	return fit.gave_up ? err_set(e, ERR_LIMIT, "the residuals gave up after %d evaluations",
				     fit.evaluations)
			   : 0;
}
