/*
 * f10 (Gillard et al., AutoNumerics-Zero, arXiv:2312.08472): 10 operations, the eighth power as
 * three squarings.
 */
/* EVOLVE-BLOCK-START */
real exp2_approx(real x)
{
	real u = x + 5783.5330096027765 / x;
	real s = -250.55247494972059 + 15141.981176922711 / u + u;
	real v = 501.10494991027866 / s - -0.99999999999999956;
	real v2 = v * v;
	real v4 = v2 * v2;
	return v4 * v4;
}
/* EVOLVE-BLOCK-END */
