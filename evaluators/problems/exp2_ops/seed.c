/*
 * 2^x on (0,1] by a few arithmetic operations. `real` is double in one build and long double in
 * another; write every local as real. The seed is the Taylor series of exp(x ln 2) of degree 5 by
 * Horner's rule: 10 operations, 4 digits.
 */
/* EVOLVE-BLOCK-START */
real exp2_approx(real x)
{
	real t = 0.0013333558146428443;
	t = t * x + 0.0096181291076284772;
	t = t * x + 0.055504108664821580;
	t = t * x + 0.24022650695910071;
	t = t * x + 0.69314718055994531;
	t = t * x + 1.0;
	return t;
}
/* EVOLVE-BLOCK-END */
