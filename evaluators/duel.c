#include "evaluators/duel.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"

const struct duel_rule duel_race_rule = { .alpha = 0.05, .delta_min = 0.02, .pairs_max = 60 };

static double log_choose(int n, int k)
{
	return lgamma(n + 1.0) - lgamma(k + 1.0) - lgamma(n - k + 1.0);
}

/* ln of the number of subsets of n things with at most k members: 2^n P[Bin(n, 1/2) <= k]. */
static double log_subsets(int n, int k)
{
	double largest = log_choose(n, k < n / 2 ? k : n / 2), sum = 0;

	for (int i = 0; i <= k; i++)
		sum += exp(log_choose(n, i) - largest);
	return largest + log(sum);
}

double duel_log_evalue(int successes, int n)
{
	double log_beta = lgamma(successes + 1.0) + lgamma(n - successes + 1.0) - lgamma(n + 2.0);

	/* The factor 2^(n+1) of the header is inside log_subsets. */
	return log_beta + log_subsets(n + 1, successes);
}

enum duel_state duel_race_add(struct duel_race *race, const struct duel_rule *rule, double v)
{
	double bar = -log(rule->alpha);

	race->pairs++;
	race->faster += v > 0;
	race->below += v < rule->delta_min;
	if (duel_log_evalue(race->faster, race->pairs) >= bar)
		return DUEL_FASTER;
	if (duel_log_evalue(race->below, race->pairs) >= bar)
		return DUEL_NOT_FASTER;
	return race->pairs >= rule->pairs_max ? DUEL_UNDECIDED : DUEL_OPEN;
}

static int by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

/* The largest rank k with 2 P[Bin(n, 1/2) <= k - 1] <= alpha, 0 when there is none: [x_(k),
 * x_(n+1-k)] covers the median. */
static int order_rank(int n, double alpha)
{
	double log_bar = log(alpha / 2) + n * M_LN2;
	int k = 0;

	while (k < n / 2 && log_subsets(n, k) <= log_bar)
		k++;
	return k;
}

struct duel_interval duel_median(const double *values, int n, double alpha)
{
	double *sorted = memory_copy(values, (size_t)n * sizeof(*values));
	struct duel_interval out = { .low = -INFINITY, .high = INFINITY };
	int k = order_rank(n, alpha);

	qsort(sorted, (size_t)n, sizeof(*sorted), by_value);
	out.estimate = n % 2 ? sorted[n / 2] : (sorted[n / 2 - 1] + sorted[n / 2]) / 2;
	if (k > 0) {
		out.low = sorted[k - 1];
		out.high = sorted[n - k];
	}
	free(sorted);
	return out;
}

/* Student's t, 97.5 % quantile, by degrees of freedom from 1 (any table, e.g. NIST/SEMATECH
 * e-Handbook 1.3.6.7.2). */
static const double t_975[] = { 12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262,
	2.228, 2.201, 2.179, 2.160, 2.145, 2.131, 2.120, 2.110, 2.101, 2.093, 2.086, 2.080, 2.074,
	2.069, 2.064, 2.060, 2.056, 2.052, 2.048, 2.045, 2.042 };

static double t_quantile(int freedom)
{
	int rows = (int)(sizeof(t_975) / sizeof(t_975[0]));

	/* Past the table its last row is used: 2.042 against 1.960 at infinity errs to the safe
	 * side. */
	return t_975[(freedom < rows ? freedom : rows) - 1];
}

struct duel_interval duel_layouts(const double *layout_medians, int layouts)
{
	struct duel_interval out = { 0, -INFINITY, INFINITY };
	double squares = 0, half;

	for (int i = 0; i < layouts; i++)
		out.estimate += layout_medians[i] / layouts;
	if (layouts < 2)
		return out;
	for (int i = 0; i < layouts; i++)
		squares += (layout_medians[i] - out.estimate) * (layout_medians[i] - out.estimate);
	half = t_quantile(layouts - 1) * sqrt(squares / (layouts - 1) / layouts);
	out.low = out.estimate - half;
	out.high = out.estimate + half;
	return out;
}

bool duel_replaces(struct duel_interval over_layouts, double delta_min)
{
	return over_layouts.low > 0 && over_layouts.estimate > delta_min / 2;
}
