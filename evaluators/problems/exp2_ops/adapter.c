/*
 * adapter.c of exp2_ops - the candidate's text twice in one unit: with real = double, and with real
 * = long double ("exact").
 *
 *   argument block: struct exp2_points, then count doubles x
 *   result block:   count of struct exp2_extended, then count doubles
 *
 * Neither block has padding, so that equal answers are equal bytes.
 */
#include "clade_adapter.h"

#include <stdint.h>

struct exp2_points { uint64_t count; };
struct exp2_extended { uint64_t mantissa, sign_exponent; };   /* the ten bytes of an x87 number */
typedef long double exp2_wide;

/*
 * One type of number for the whole program: a local of a narrower or an integer type would
 * truncate, which is an operation that nobody counts. Spelled-out double is left alone: it takes
 * digits from the exact column and gives none.
 */
#define char real
#define short real
#define int real
#define long real
#define signed real
#define unsigned real
#define float real
#define _Bool real
#define __int128 real
#define _Float16 real
#define _Float32 real
#define __auto_type real
#define typeof exp2_has_one_type
#define __typeof exp2_has_one_type
#define __typeof__ exp2_has_one_type
#define enum exp2_has_one_type
#define struct exp2_has_one_type
#define union exp2_has_one_type

#define real double
#define exp2_approx exp2_double
#include CLADE_CANDIDATE
#undef exp2_approx
#undef real

#define real exp2_wide
#define exp2_approx exp2_exact
#include CLADE_CANDIDATE
#undef exp2_approx
#undef real

#undef char
#undef short
#undef int
#undef long
#undef signed
#undef unsigned
#undef float
#undef _Bool
#undef __int128
#undef _Float16
#undef _Float32
#undef __auto_type
#undef typeof
#undef __typeof
#undef __typeof__
#undef enum
#undef struct
#undef union

CLADE_ENTRY void clade_call(const void *arguments, void *results)
{
	const struct exp2_points *points = arguments;
	const double *x = (const double *)(points + 1);
	struct exp2_extended *exact = results;
	double *plain = (double *)(exact + points->count);

	for (uint64_t i = 0; i < points->count; i++)
		plain[i] = exp2_double(x[i]);
	for (uint64_t i = 0; i < points->count; i++) {
		union { exp2_wide value; struct exp2_extended bits; } number;

		number.value = exp2_exact(x[i]);
		exact[i].mantissa = number.bits.mantissa;
		exact[i].sign_exponent = number.bits.sign_exponent & 0xffff;
	}
}
