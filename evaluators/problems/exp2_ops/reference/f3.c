/* f3 (Gillard et al., AutoNumerics-Zero, arXiv:2312.08472): 3 operations. */
/* EVOLVE-BLOCK-START */
real exp2_approx(real x)
{
	return -8.387819235563974 / (-3.4355225277901402 + x) - 1.4427239805682266;
}
/* EVOLVE-BLOCK-END */
