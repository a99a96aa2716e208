/*
 * tune.h - fitting constants to residuals: MINPACK's lmdif (libcminpack), Levenberg-Marquardt with finite differences.
 */
#pragma once

struct err;
/* residuals r[] at constants c[]: 0, or 1 to give up. The signature is evaluators/worker.h's worker_residuals_fn. */
typedef int tune_residuals_fn(void *context, const double *constants, double *residuals);
/*
 * Minimise the sum of squares. constants: in the start, out the best point seen. Non-finite residuals count as a very bad point. At most evaluations_max
 * calls of f; several starts are the caller's business. 0, or ERR_LIMIT when f gave up.
 */
int tune_constants(double *constants, int constant_count, int residual_count, tune_residuals_fn *f, void *context, int evaluations_max, struct err *e);
