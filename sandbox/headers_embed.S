/*
 * headers_embed.S - the freestanding headers of the compile box inside our binary: a list of name,
 * NUL, u32 size, bytes; an empty name ends it. Assembled from the repository's root.
 */
#define HEADER(name, file) \
	.asciz name ; \
	.4byte 2f - 1f ; \
1:	.incbin file ; \
2:

	.section .rodata.headers, "a", @progbits
	.balign 16
	.globl headers_embed_start
	.hidden headers_embed_start
headers_embed_start:
HEADER("clade_avx2.h", "sandbox/include/clade_avx2.h")
HEADER("float.h", "sandbox/include/float.h")
HEADER("limits.h", "sandbox/include/limits.h")
HEADER("math.h", "sandbox/include/math.h")
HEADER("mm_malloc.h", "sandbox/include/mm_malloc.h")
HEADER("stdbool.h", "sandbox/include/stdbool.h")
HEADER("stddef.h", "sandbox/include/stddef.h")
HEADER("stdint.h", "sandbox/include/stdint.h")
HEADER("stdlib.h", "sandbox/include/stdlib.h")
HEADER("string.h", "sandbox/include/string.h")
	.byte 0
	.section .note.GNU-stack, "", @progbits
