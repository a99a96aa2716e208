/*
 * duel.h - deciding between two programs from paired, interleaved times. Arithmetic only: no clock, no box.
 *
 * One observation of a pair is d = ln(t_challenger) - ln(t_incumbent), each t one batch on its own inputs, hand-off cost subtracted;
 * improvement v = -d. The speed-up is exp(median v). Sign test as e-process, anytime-valid (reference: measuring note 2.4; Ville's inequality):
 *      E(s, n) = 2^(n+1) * B(s+1, n-s+1) * P[Bin(n+1, 1/2) <= s]
 * with s = #{v > 0} supports "faster" and f = #{v < delta_min} supports "gain below delta_min". Accept at E >= 1/alpha.
 */
#pragma once

#include <stdbool.h>

struct duel_rule {
	double alpha;        /* chance of a false decision; the race uses 0.05 */
	double delta_min;    /* smallest gain worth having, ln units, default 0.02 */
	int pairs_max;       /* undecided at the cap: no decision; default 60 */
};
extern const struct duel_rule duel_race_rule;      /* early rejection */

enum duel_state { DUEL_OPEN, DUEL_FASTER, DUEL_NOT_FASTER, DUEL_UNDECIDED };
struct duel_race { int pairs, faster, below; };    /* zero it to start */

double duel_log_evalue(int successes, int n);      /* ln E(s, n) */
/* Feed one improvement v (ln units, NAN refused by the caller); returns the state after it. */
enum duel_state duel_race_add(struct duel_race *race, const struct duel_rule *rule, double v);

/* median with the order-statistics interval at confidence 1 - alpha; n >= 1. Values are not changed. */
struct duel_interval { double estimate, low, high; };
struct duel_interval duel_median(const double *values, int n, double alpha);
/* Over layouts: mean of the layout medians with Student's t interval at 95 % (two-sided); one layout gives low = -inf, high = +inf. */
struct duel_interval duel_layouts(const double *layout_medians, int layouts);
/* The rule of replacement: low > 0 and estimate > delta_min / 2 (measuring note 3.2). */
bool duel_replaces(struct duel_interval over_layouts, double delta_min);
