/* One long call: STEPS steps of a generator. */

/* EVOLVE-BLOCK-START */
void work(const uint64_t *in, uint64_t *out)
{
	*out = honest(*in);
}
/* EVOLVE-BLOCK-END */
