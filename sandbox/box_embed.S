/*
 * box_embed.S - the box program's bytes inside our binary. The build makes the box first and passes its path,
 * -DBOX_PATH='"build/box"'.
 */
	.section .rodata.box, "a", @progbits
	.balign 16
	.globl sandbox_box_start
	.globl sandbox_box_end
	.hidden sandbox_box_start
	.hidden sandbox_box_end
sandbox_box_start:
	.incbin BOX_PATH
sandbox_box_end:
	.byte 0
	.section .note.GNU-stack, "", @progbits
