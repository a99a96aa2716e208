#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/err.h"
#include "mutators/tune.h"

#define NODES 64

struct problem { int calls; int give_up_at; };

/* A polynomial in c against 2^x on Chebyshev nodes of [0, 1]: relative errors. */
static int polynomial(void *context, const double *c, double *r)
{
	struct problem *p = context;

	if (++p->calls == p->give_up_at)
		return 1;
	for (int i = 0; i < NODES; i++) {
		double x = 0.5 - 0.5 * cos(acos(-1) * (i + 0.5) / NODES);

		r[i] = (((((c[0] * x + c[1]) * x + c[2]) * x + c[3]) * x + c[4]) * x + c[5]) /
				exp2(x) -
			1;
	}
	return 0;
}

static double largest(const double *c)
{
	double r[NODES], most = 0;

	polynomial(&(struct problem){ 0 }, c, r);
	for (int i = 0; i < NODES; i++)
		most = fmax(most, fabs(r[i]));
	return most;
}

/* 7.65e-8 is what Levenberg-Marquardt reaches from the Taylor coefficients (mutation.md 4). */
static void taylor_coefficients_become_the_least_squares_fit(void **state)
{
	double c[] = { 0.0013333558146428443, 0.0096181291076284772, 0.055504108664821580,
		0.24022650695910071, 0.69314718055994531, 1.0 };
	struct problem p = { 0 };
	struct err e = { 0 };

	(void)state;
	assert_true(largest(c) > 8e-5);
	assert_int_equal(tune_constants(c, 6, NODES, polynomial, &p, 200, &e), 0);
	assert_true(largest(c) < 8e-8);
	assert_true(p.calls <= 200);
}

static void the_cap_on_evaluations_holds_and_the_best_point_is_kept(void **state)
{
	double c[] = { 0, 0, 0, 0, 0, 0 }, start[] = { 0, 0, 0, 0, 0, 0 };
	struct problem p = { 0 };

	(void)state;
	assert_int_equal(tune_constants(c, 6, NODES, polynomial, &p, 9, NULL), 0);
	assert_true(p.calls <= 9);
	assert_true(largest(c) <= largest(start));
}

static void a_function_that_gives_up_is_a_limit_and_leaves_the_best_point(void **state)
{
	double c[] = { 0.0013333558146428443, 0.0096181291076284772, 0.055504108664821580,
		0.24022650695910071, 0.69314718055994531, 1.0 };
	struct problem p = { .give_up_at = 10 };
	struct err e = { 0 };

	(void)state;
	assert_int_equal(tune_constants(c, 6, NODES, polynomial, &p, 200, &e), ERR_LIMIT);
	assert_true(largest(c) < 1e-3);
}

/*
 * sqrt of a negative constant is no number; the fit has to stay on this side of 0, where the answer
 * 0.25 is.
 */
static int with_a_cliff(void *context, const double *c, double *r)
{
	(void)context;
	r[0] = sqrt(c[0]) - 0.5;
	r[1] = c[0] < 0.01 ? INFINITY : 0;
	return 0;
}

static void residuals_that_are_no_numbers_count_as_very_bad(void **state)
{
	double c[] = { 4 };

	(void)state;
	assert_int_equal(tune_constants(c, 1, 2, with_a_cliff, NULL, 100, NULL), 0);
	assert_true(fabs(c[0] - 0.25) < 1e-6);
}

static int never_a_number(void *context, const double *c, double *r)
{
	(void)context;
	(void)c;
	r[0] = NAN;
	return 0;
}

static void nothing_but_nan_leaves_the_start(void **state)
{
	double c[] = { 3 };

	(void)state;
	assert_int_equal(tune_constants(c, 1, 1, never_a_number, NULL, 50, NULL), 0);
	assert_true(c[0] == 3);
}

static void more_constants_than_residuals_are_refused(void **state)
{
	double c[] = { 1, 2 };
	struct err e = { 0 };

	(void)state;
	assert_int_equal(tune_constants(c, 2, 1, never_a_number, NULL, 50, &e), ERR_ARGS);
	assert_int_equal(tune_constants(c, 0, 1, never_a_number, NULL, 50, &e), ERR_ARGS);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(taylor_coefficients_become_the_least_squares_fit),
		cmocka_unit_test(the_cap_on_evaluations_holds_and_the_best_point_is_kept),
		cmocka_unit_test(a_function_that_gives_up_is_a_limit_and_leaves_the_best_point),
		cmocka_unit_test(residuals_that_are_no_numbers_count_as_very_bad),
		cmocka_unit_test(nothing_but_nan_leaves_the_start),
		cmocka_unit_test(more_constants_than_residuals_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
