/* expect: FORBIDDEN. Has half a gigabyte of zeros. */
static volatile char zeros[512 << 20];

__attribute__((visibility("default"))) void clade_call(const void *arguments, void *results)
{
	(void)arguments;
	*(double *)results = zeros[1];
}
