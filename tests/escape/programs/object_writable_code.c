/* expect: FORBIDDEN. Has a section that is writable and executable. */
__asm__(".section .hot, \"awx\", @progbits\nnop\n.text");

__attribute__((visibility("default"))) void clade_call(const void *arguments, void *results)
{
	(void)arguments;
	*(double *)results = 0;
}
