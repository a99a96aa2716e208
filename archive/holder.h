/*
 * holder.h - who writes a campaign: an flock on PATH-lock, with the holder's pid in it.
 *
 * SQLite's own lock lasts one transaction. This one lasts as long as its process, however that
 * ends, because the kernel drops it with the descriptor. The file is removed on release; one that a
 * killed process left behind means nothing.
 */
#pragma once

struct err;
struct holder;

/* ERR_BUSY names the pid that holds it. */
int holder_take(struct holder **out, const char *path, struct err *e);
void holder_release(struct holder *h);
/* The pid of the process that holds it, 0 when nobody does. */
int holder_pid(const char *path);
