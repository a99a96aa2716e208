#include "orchestrator/hook.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/text.h"
#include "orchestrator/candidate.h"
#include "orchestrator/search.h"

struct hook {
	uv_process_t process;
	struct search *search;      /* borrowed; NULL once the campaign ended */
	bool running;
	char *waiting[4];           /* CLADE_* texts of the newest best, owned */
	bool has_waiting;
};

static void hook_start(struct hook *h);

static void on_hook_closed(uv_handle_t *handle)
{
	struct hook *h = handle->data;

	h->running = false;
	if (h->search == NULL) {
		for (int i = 0; i < 4; i++)
			free(h->waiting[i]);
		free(h);
	} else if (h->has_waiting) {
		hook_start(h);
	}
}

static void on_hook_exit(uv_process_t *process, int64_t status, int signal)
{
	struct hook *h = process->data;

	if (h->search != NULL && (status != 0 || signal != 0))
		progress_line(h->search->progress, "on_best ended with status %lld, signal %d", (long long)status, signal);
	uv_close((uv_handle_t *)process, on_hook_closed);
}

static void hook_start(struct hook *h)
{
	struct search *s = h->search;
	const char *path = getenv("PATH"), *home = getenv("HOME");
	char *path_row = text_format("PATH=%s", path != NULL ? path : "/usr/bin:/bin");
	char *home_row = text_format("HOME=%s", home != NULL ? home : "/");
	char *env[] = { path_row, home_row, h->waiting[0], h->waiting[1], h->waiting[2], h->waiting[3], NULL };
	char *args[] = { "/bin/sh", "-c", s->campaign->on_best, NULL };
	uv_process_options_t o = { .file = args[0], .args = args, .env = env, .exit_cb = on_hook_exit };
	int rc;

	h->has_waiting = false;
	h->process.data = h;
	h->running = true;
	rc = uv_spawn(s->loop, &h->process, &o);
	if (rc != 0) {
		progress_line(s->progress, "on_best could not be started: %s", uv_strerror(rc));
		uv_close((uv_handle_t *)&h->process, on_hook_closed);
	} else {
		uv_unref((uv_handle_t *)&h->process);
	}
	free(path_row);
	free(home_row);
}

void hook_best(struct search *s, const struct candidate *c, double fitness)
{
	struct hook *h = s->hook;

	(void)c;
	if (s->campaign->on_best == NULL)
		return;
	if (h == NULL) {
		h = s->hook = memory_alloc(sizeof *h);
		h->search = s;
	}
	for (int i = 0; i < 4; i++)
		free(h->waiting[i]);
	h->waiting[0] = text_format("CLADE_FILE=%s", s->path);
	h->waiting[1] = text_format("CLADE_ID=%s", s->best_name);
	h->waiting[2] = text_format("CLADE_FITNESS=%.17g", fitness);
	h->waiting[3] = text_format("CLADE_PROBLEM=%s", s->manifest->name);
	h->has_waiting = true;
	if (!h->running)
		hook_start(h);
}

void hook_close(struct search *s)
{
	struct hook *h = s->hook;

	s->hook = NULL;
	if (h == NULL)
		return;
	h->search = NULL;
	if (h->running && !uv_is_closing((uv_handle_t *)&h->process)) {
		uv_close((uv_handle_t *)&h->process, on_hook_closed);
	} else if (!h->running) {
		for (int i = 0; i < 4; i++)
			free(h->waiting[i]);
		free(h);
	}
}
