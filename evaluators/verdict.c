#include "evaluators/verdict.h"

#include <string.h>

const struct verdict_row verdict_rows[VERDICT_COUNT] = {
	[VERDICT_OK] = { "ok", "right on every input that it was asked, and measured", "duel",
		true },
	[VERDICT_SLOWER] = { "slower", "right, but it lost the race or the duel for its cell",
		"race", true },
	[VERDICT_WRONG] = { "wrong",
		"an answer differs from the right one by more than the tolerance", "full_check",
		true },
	[VERDICT_CRASH] = { "crash", "it died by a signal, or ended before it answered",
		"small_check", true },
	[VERDICT_TIMEOUT] = { "timeout", "it did not end within its time", "small_check", true },
	[VERDICT_LIMIT] = { "limit", "it went over a limit of memory, output or processes",
		"compile", true },
	[VERDICT_FORBIDDEN] = { "forbidden",
		"a system call, import, flag or construct that it may not use", "small_check",
		true },
	[VERDICT_CHEAT] = { "cheat", "it tampered with the boundary, or its time cannot be", "race",
		false },
	[VERDICT_COMPILE_ERROR] = { "compile_error", "the compiler refused the text", "compile",
		true },
	[VERDICT_INVALID_EDIT] = { "invalid_edit",
		"the edit does not apply, or leaves the evolved region", "edit", true },
	[VERDICT_DUPLICATE] = { "duplicate", "the same program was evaluated before", "token",
		false },
	[VERDICT_QUARANTINED] = { "quarantined", "two workers died on it", "small_check", false },
};

int verdict_find(const char *name)
{
	for (int i = 0; name && i < VERDICT_COUNT; i++) {
		if (strcmp(verdict_rows[i].name, name) == 0)
			return i;
	}
	return -1;
}
