/* Two terms of the series: 1.4 digits. */
/* EVOLVE-BLOCK-START */
double cosine(double x)
{
	return 1.0 - 0.5 * x * x;
}
/* EVOLVE-BLOCK-END */
