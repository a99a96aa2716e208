/*
 * jobshop_rule.h - what a dispatching rule sees of one operation that could start now. Times are in
 * the instance's unit (1..99 an operation).
 *
 * Everything is known at the moment of the decision; nothing tells the instance, the bounds or the
 * decisions to come. A negative slack or a zero is a plain value, not a mark for "missing"; at a
 * job's last operation the next_* fields are 0.
 */
#pragma once

struct op_view {
	/* the job's own times */
	double processing;         /* time of this operation */
	double work_done;          /* of the job, up to and including this operation */
	double work_remaining;     /* of the job, from this operation on, including it */
	double job_work;           /* all of the job's work */
	double ops_remaining;      /* operations of the job from this one on, including it */
	double ops_total;          /* operations of the job */
	double next_processing;    /* time of the job's next operation */
	double job_ready;          /* when the job's previous operation ended */
	double start;              /* when it would start: the same for all that are compared */
	double waiting;            /* start - job_ready */
	/* the load of this machine */
	double machine_ready;      /* when it became free */
	double machine_remaining;  /* time of all that it has still to do, including this */
	double machine_queue;      /* time of what of it is the next of its job, and of this */
	/* looking ahead, at the machine of the job's next operation */
	double next_slack;         /* when it is free, less this one's end: > 0 the job waits */
	double next_remaining;     /* time of all that it has still to do */
	double next_queue;         /* time of what of it is the next of its job */
};

/* What a rule may call. */
double fmin(double a, double b);
double fmax(double a, double b);
double fabs(double a);
double sqrt(double a);

/* The smallest priority goes first; of equal ones the job with the lowest number. */
double priority(const struct op_view *v);
