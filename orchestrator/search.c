#include "orchestrator/search.h"

#include <stdarg.h>
#include <stdio.h>

#include "base/clock.h"

int64_t search_elapsed_ns(const struct search *s)
{
	return s->elapsed_before_ns + clock_now_ns() - s->session_began_ns;
}

void search_fail(struct search *s, const char *format, ...)
{
	va_list args;

	if (s->failed)
		return;                       /* the first failure is the one to tell */
	s->failed = true;
	va_start(args, format);
	vsnprintf(s->failure, sizeof s->failure, format, args);
	va_end(args);
	if (s->phase < SEARCH_OVER)
		s->phase = SEARCH_DRAINING;
}
