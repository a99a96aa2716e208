/*
 * zygote.h - the driver's end of one zygote: a bubblewrap whose pid 1 forks candidates. Counted,
 * because children may outlive the moment when their run box turned to a fresh zygote.
 */
#pragma once

#include "sandbox/box/box_wire.h"

struct err;
struct sandbox;
struct zygote;

int zygote_open(struct zygote **out, struct sandbox *s, struct err *e); /* with one reference */
void zygote_hold(struct zygote *z);
void zygote_release(struct zygote *z); /* NULL is allowed */
/*
 * Send one order with its descriptors, get the answer; *pidfd is set for a start (owned), and may
 * be NULL. ERR_SANDBOX when the zygote is gone.
 */
int zygote_ask(struct zygote *z, struct box_answer *answer, int *pidfd,
	const struct box_order *order, const int *fds, int fd_count, struct err *e);
