/*
 * worker.h - the trusted measuring process: speaks job.h over two descriptors, owns the boxes, the evaluator and the clock.
 *
 *   main thread: read frame → do the job → write the result          heartbeat thread: {"type":"alive"} while the main thread works
 *
 * A job that lasts longer than job_limit_ns ends the process with a "failed" frame, told by the heart: an evaluator that never returns costs a worker.
 *
 * It dies with its parent (PR_SET_PDEATHSIG), on end of file, on a write error. It opens no file of the campaign.
 */
#pragma once

struct err;

/* r[] = residuals at constants c[]; 0, or 1 when the candidate died. */
typedef int worker_residuals_fn(void *context, const double *constants, double *residuals);

struct worker_hooks {
	/*
	 * Minimise the sum of squares over constants (in and out), at most evaluations_max calls of f. 0 or an error. The tuner lives in mutators/
	 * (one library, one folder), so the program that knows both hands it in.
	 */
	int (*tune)(double *constants, int constant_count, int residual_count, worker_residuals_fn *f, void *context, int evaluations_max, struct err *e);
};

/* Serve until bye or end of file; returns the exit status of the process: 0 after bye, 3 otherwise. */
int worker_serve(int in, int out, const struct worker_hooks *hooks);
