/*
 * health.h - is this machine fit to measure on: the sandbox's own checks, the clock, the
 * processors, the lanes. For people who ask why.
 */
#pragma once

enum health_state { HEALTH_GOOD, HEALTH_WARN, HEALTH_BAD };
struct health_check {
	char name[40];
	/* BAD: campaigns cannot run; WARN: they run, and measure worse than they could */
	enum health_state state;
	char detail[256]; /* what was found */
	char mend[512];   /* empty when good */
};
#define HEALTH_CHECKS_MAX 48

/*
 * Both append to checks from count on and return the new count; at most HEALTH_CHECKS_MAX are kept.
 */
/* A compile box and a run box are started for it. */
int health_sandbox(struct health_check checks[HEALTH_CHECKS_MAX], int count, const char *compiler);
int health_machine(struct health_check checks[HEALTH_CHECKS_MAX], int count);
/* One more row; mend NULL or empty when good. */
int health_add(struct health_check checks[HEALTH_CHECKS_MAX], int count, const char *name,
	enum health_state state, const char *detail, const char *mend);
