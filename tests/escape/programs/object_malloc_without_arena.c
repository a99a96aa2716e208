/* expect: FORBIDDEN. Wants a heap where none was given. */
#include <stdlib.h>

__attribute__((visibility("default"))) void clade_call(const void *arguments, void *results)
{
	(void)arguments;
	*(double *)results = malloc(8) != 0;
}
