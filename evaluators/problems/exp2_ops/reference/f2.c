/* f2 (Gillard et al., AutoNumerics-Zero, arXiv:2312.08472): 2 operations. */
/* EVOLVE-BLOCK-START */
real exp2_approx(real x)
{
	return -2.1258595374472384 / (-2.0413845597733418 + x);
}
/* EVOLVE-BLOCK-END */
