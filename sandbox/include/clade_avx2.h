/*
 * clade_avx2.h - SSE to SSE4.2, AVX, AVX2, FMA and F16C intrinsics without the rest of immintrin.h,
 * whose AVX-512 headers alone cost the compiler over 100 ms per file. For what is not here, include
 * immintrin.h and pay.
 */
#pragma once

#ifndef _IMMINTRIN_H_INCLUDED
/* One after the other and not nested: the compile box ends at eight levels. */
#include <xmmintrin.h>
#include <emmintrin.h>
#include <pmmintrin.h>
#include <tmmintrin.h>
#include <smmintrin.h>
/* The compiler's parts refuse to be included by anybody but immintrin.h. */
#define _IMMINTRIN_H_INCLUDED
#include <avxintrin.h>
#include <avx2intrin.h>
#include <fmaintrin.h>
#include <f16cintrin.h>
#undef _IMMINTRIN_H_INCLUDED
#endif
