#include "sandbox/compile_result.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/err.h"
#include "sandbox/compile_plan.h"

static void say(struct compile_result *r, const char *line)
{
	size_t used = strlen(r->diagnostics);

	snprintf(r->diagnostics + used, sizeof r->diagnostics - used, "%s%s\n",
		used && r->diagnostics[used - 1] != '\n' ? "\n" : "", line);
}

/*
 * gcc ends with status 1 when it runs into RLIMIT_AS, and only its words tell. A candidate that
 * fakes them gains nothing.
 */
static bool ran_out_of_memory(const struct compile_result *r)
{
	static const char *const words[] = { "out of memory", "memory exhausted",
		"Cannot allocate memory", "No space left on device", "File too big",
		"file truncated", NULL };

	for (const char *const *w = words; *w; w++)
		if (strstr(r->diagnostics, *w))
			return true;
	return false;
}

static void judge_signal(struct compile_result *r, const struct box_compiled *c)
{
	int number = WTERMSIG(c->status);

	switch (number) {
	case SIGXCPU:
		r->outcome = SANDBOX_TIMEOUT;
		say(r, "the compiler used up its processor time");
		break;
	case SIGKILL:
		r->outcome = c->step_cpu_ns >= COMPILE_PLAN_CPU_S * INT64_C(500000000) ?
			SANDBOX_TIMEOUT :
			SANDBOX_LIMIT;
		say(r,
			r->outcome == SANDBOX_TIMEOUT ?
				"the compiler used up its processor time" :
				"the compiler was killed for its use of memory");
		break;
	case SIGXFSZ:
	case SIGBUS:
		r->outcome = SANDBOX_LIMIT;
		say(r, "the compiler's output is too large");
		break;
	case SIGSYS:
		/* The text made a compiler do what no honest text needs. */
		r->outcome = SANDBOX_FORBIDDEN;
		say(r, "the compiler made a system call that is not allowed");
		break;
	default: r->outcome = SANDBOX_COMPILE_ERROR; say(r, "the compiler crashed");
	}
}

static int judge_step(struct compile_result *r, const struct box_compiled *c, struct err *e)
{
	if (c->status < 0 || (WIFEXITED(c->status) && WEXITSTATUS(c->status) == 127))
		return err_set(e, ERR_SANDBOX,
			"a tool cannot be started in the compile box: %.200s", r->diagnostics);
	if (WIFSIGNALED(c->status))
		judge_signal(r, c);
	else
		r->outcome = ran_out_of_memory(r) ? SANDBOX_LIMIT : SANDBOX_COMPILE_ERROR;
	if (!*r->diagnostics)
		say(r, "the compiler failed without a word");
	return 0;
}

static int judge_report(struct compile_result *r, const struct box_compiled *c, struct err *e)
{
	switch (c->failure) {
	case BOX_FAILED_NOT: r->outcome = SANDBOX_OK; return 0;
	case BOX_FAILED_STEP: return judge_step(r, c, e);
	case BOX_FAILED_OUTPUT:
		r->outcome = SANDBOX_LIMIT;
		say(r, "the image is too large");
		return 0;
	case BOX_FAILED_OBJECT:
		r->outcome = SANDBOX_FORBIDDEN;
		say(r, "the object file is not a plain one");
		return 0;
	default:
		errno = c->status;
		return err_errno(e, ERR_SANDBOX, "the compile box cannot write its files");
	}
}

int compile_result_judge(struct compile_result *r, const struct compile_ending *end, struct err *e)
{
	if (!end->greeted)
		return err_set(e, ERR_SANDBOX, "the compile box did not start: %.400s",
			*r->diagnostics ? r->diagnostics : "it said nothing");
	if (end->late) {
		r->outcome = SANDBOX_TIMEOUT;
		say(r, "compiling took too long");
		return 0;
	}
	if (end->flooded) {
		r->outcome = SANDBOX_LIMIT;
		say(r, "too many diagnostics");
		return 0;
	}
	if (!end->reported) {
		r->outcome = SANDBOX_LIMIT;
		say(r, "the compile box was killed");
		return 0;
	}
	return judge_report(r, &end->compiled, e);
}

void compile_result_release(struct compile_result *r)
{
	if (!r)
		return;
	for (int i = 0; i < r->image_count; i++) {
		if (r->images[i] >= 0)
			close(r->images[i]);
		r->images[i] = -1;
	}
	r->image_count = 0;
}
