/* f5 (Gillard et al., AutoNumerics-Zero, arXiv:2312.08472): 5 operations. */
/* EVOLVE-BLOCK-START */
real exp2_approx(real x)
{
	real s = -8.8505996518073289 + x + 25.596749740144819 / x;
	return 17.746150088734609 / s - -0.99999366143081858;
}
/* EVOLVE-BLOCK-END */
