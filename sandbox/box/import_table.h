/*
 * import_table.h - every function that the loader can hand to a candidate, once, for both sides:
 * the box turns names into addresses, the driver turns names into bit numbers. The order is the
 * numbering.
 *
 * None of them makes a system call, allocates outside the arena or touches a file. qsort is ours,
 * because glibc's may call malloc and sysconf, which the strict filter answers with death.
 */
#pragma once

/*
 * What gcc may call of its own accord, even from freestanding code (its manual, "Language
 * Standards"): always allowed.
 */
#define IMPORT_TABLE_IMPLICIT(X) \
	X(memcpy) X(memmove) X(memset) X(memcmp)

/* gcc's own helpers out of libgcc, reached through the same names: always allowed. */
#define IMPORT_TABLE_LIBGCC(X) \
	X(__divti3) X(__modti3) X(__udivti3) X(__umodti3) X(__popcountdi2) X(__powidf2) X(__powisf2) \
	X(__muldc3) X(__mulsc3) X(__divdc3) X(__divsc3)

/* With an arena only. */
#define IMPORT_TABLE_ARENA(X) \
	X(malloc) X(calloc) X(realloc) X(free)

#define IMPORT_TABLE_OWN(X) \
	X(abort) X(qsort)

#define IMPORT_TABLE_LIBC(X) \
	X(memchr) X(strlen) X(strcmp) X(strncmp) X(abs) X(labs) X(llabs) X(bsearch)

#define IMPORT_TABLE_MATH_ONE(X, name) X(name) X(name##f)
#define IMPORT_TABLE_MATH(X) \
	IMPORT_TABLE_MATH_ONE(X, acos) IMPORT_TABLE_MATH_ONE(X, acosh) IMPORT_TABLE_MATH_ONE(X, asin) \
	IMPORT_TABLE_MATH_ONE(X, asinh) IMPORT_TABLE_MATH_ONE(X, atan) IMPORT_TABLE_MATH_ONE(X, atan2) \
	IMPORT_TABLE_MATH_ONE(X, atanh) IMPORT_TABLE_MATH_ONE(X, cbrt) IMPORT_TABLE_MATH_ONE(X, ceil) \
	IMPORT_TABLE_MATH_ONE(X, copysign) IMPORT_TABLE_MATH_ONE(X, cos) IMPORT_TABLE_MATH_ONE(X, cosh) \
	IMPORT_TABLE_MATH_ONE(X, erf) IMPORT_TABLE_MATH_ONE(X, erfc) IMPORT_TABLE_MATH_ONE(X, exp) \
	IMPORT_TABLE_MATH_ONE(X, exp2) IMPORT_TABLE_MATH_ONE(X, expm1) IMPORT_TABLE_MATH_ONE(X, fabs) \
	IMPORT_TABLE_MATH_ONE(X, fdim) IMPORT_TABLE_MATH_ONE(X, floor) IMPORT_TABLE_MATH_ONE(X, fma) \
	IMPORT_TABLE_MATH_ONE(X, fmax) IMPORT_TABLE_MATH_ONE(X, fmin) IMPORT_TABLE_MATH_ONE(X, fmod) \
	IMPORT_TABLE_MATH_ONE(X, frexp) IMPORT_TABLE_MATH_ONE(X, hypot) IMPORT_TABLE_MATH_ONE(X, ldexp) \
	IMPORT_TABLE_MATH_ONE(X, lgamma) IMPORT_TABLE_MATH_ONE(X, llrint) IMPORT_TABLE_MATH_ONE(X, llround) \
	IMPORT_TABLE_MATH_ONE(X, log) IMPORT_TABLE_MATH_ONE(X, log10) IMPORT_TABLE_MATH_ONE(X, log1p) \
	IMPORT_TABLE_MATH_ONE(X, log2) IMPORT_TABLE_MATH_ONE(X, logb) IMPORT_TABLE_MATH_ONE(X, lrint) \
	IMPORT_TABLE_MATH_ONE(X, lround) IMPORT_TABLE_MATH_ONE(X, modf) IMPORT_TABLE_MATH_ONE(X, nearbyint) \
	IMPORT_TABLE_MATH_ONE(X, pow) IMPORT_TABLE_MATH_ONE(X, remainder) IMPORT_TABLE_MATH_ONE(X, rint) \
	IMPORT_TABLE_MATH_ONE(X, round) IMPORT_TABLE_MATH_ONE(X, scalbn) IMPORT_TABLE_MATH_ONE(X, sin) \
	IMPORT_TABLE_MATH_ONE(X, sincos) IMPORT_TABLE_MATH_ONE(X, sinh) IMPORT_TABLE_MATH_ONE(X, sqrt) \
	IMPORT_TABLE_MATH_ONE(X, tan) IMPORT_TABLE_MATH_ONE(X, tanh) IMPORT_TABLE_MATH_ONE(X, tgamma) \
	IMPORT_TABLE_MATH_ONE(X, trunc)

/* The numbering: implicit names first, so that "always allowed" is a range. */
#define IMPORT_TABLE_ALL(X) \
	IMPORT_TABLE_IMPLICIT(X) IMPORT_TABLE_LIBGCC(X) IMPORT_TABLE_ARENA(X) IMPORT_TABLE_OWN(X) IMPORT_TABLE_LIBC(X) \
	IMPORT_TABLE_MATH(X)
#define IMPORT_TABLE_COUNT_ONE(name) +1
#define IMPORT_TABLE_IMPLICIT_COUNT \
	(0 IMPORT_TABLE_IMPLICIT(IMPORT_TABLE_COUNT_ONE) IMPORT_TABLE_LIBGCC(IMPORT_TABLE_COUNT_ONE))
#define IMPORT_TABLE_ARENA_COUNT (0 IMPORT_TABLE_ARENA(IMPORT_TABLE_COUNT_ONE))
#define IMPORT_TABLE_COUNT (0 IMPORT_TABLE_ALL(IMPORT_TABLE_COUNT_ONE))
