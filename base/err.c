#include "base/err.h"

#include <errno.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

/* The text is built beside the old one, because the caller may pass e->text as an argument. */
static void take_text(struct err *e, const char *text)
{
	size_t size = strnlen(text, ERR_TEXT_MAX - 1);

	memcpy(e->text, text, size);
	e->text[size] = 0;
}

int err_set(struct err *e, int code, const char *format, ...)
{
	char text[ERR_TEXT_MAX];
	va_list args;

	if (!e)
		return code;
	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	e->code = code;
	take_text(e, text);
	return code;
}

int err_errno(struct err *e, int code, const char *format, ...)
{
	int number = errno;
	char text[ERR_TEXT_MAX];
	char both[ERR_TEXT_MAX + 128];
	char reason[128];
	va_list args;

	if (number == ENOSPC || number == EDQUOT)
		code = ERR_FULL;
	if (!e)
		return code;
	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	snprintf(both, sizeof(both), "%s: %s", text, strerror_r(number, reason, sizeof(reason)));
	e->code = code;
	take_text(e, both);
	return code;
}

int err_in(struct err *e, const char *format, ...)
{
	char text[ERR_TEXT_MAX];
	char both[2 * ERR_TEXT_MAX + 2];
	va_list args;

	if (!e)
		return ERR_FORMAT;
	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	snprintf(both, sizeof(both), "%s: %s", text, e->text);
	take_text(e, both);
	return e->code;
}
