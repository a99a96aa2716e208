/*
 * box_child.h - one candidate's process: map, load, shut everything, answer calls until killed.
 */
#pragma once

#include "sandbox/box/box_wire.h"

/* Never returns. fds: as enum box_start_fd. */
_Noreturn void box_child_live(const struct box_order *order, const int fds[BOX_FD_COUNT]);
