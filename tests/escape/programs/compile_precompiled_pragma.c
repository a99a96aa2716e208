/* expect: COMPILE_ERROR. Loads a precompiled header, which is a memory image of the compiler. */
#pragma GCC pch_preprocess "/w/candidate.c"
int x;
