/*
 * box_main.c - the box program: small, static, the only program of ours that runs inside a box.
 *
 *   zygote    run box: fork candidates       (zygote_loop.h, box_child.h, loader.h, strict.h)
 *   compile   compile box: follow one plan   (plan.h)
 *   probe     does a box start at all        (exit status 0)
 */
#include <string.h>

#include "sandbox/box/plan.h"
#include "sandbox/box/zygote_loop.h"

int main(int argc, char **argv)
{
	const char *mode = argc == 2 ? argv[1] : "";

	if (!strcmp(mode, "zygote"))
		return zygote_loop_run();
	if (!strcmp(mode, "compile"))
		return plan_run();
	return strcmp(mode, "probe") ? 2 : 0;
}
