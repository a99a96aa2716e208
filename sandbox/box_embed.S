/*
 * box_embed.S - the box program's bytes inside our binary. The build makes the box first and passes
 * its path, -DBOX_PATH='"build/box"'.
 */
	.section .rodata.box, "a", @progbits
	.balign 16
	.globl box_embed_start
	.globl box_embed_end
	.hidden box_embed_start
	.hidden box_embed_end
box_embed_start:
	.incbin BOX_PATH
box_embed_end:
	.byte 0
	.section .note.GNU-stack, "", @progbits
