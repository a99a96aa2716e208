/* expect: OK 5. Defines names of the C library; they hold in its own image and nowhere else. */
#include <stddef.h>

void *malloc(size_t bytes) { return (void *)(bytes + 1); }
void *memcpy(void *restrict to, const void *restrict from, size_t bytes) { (void)from; (void)bytes; return to; }

__attribute__((visibility("default"))) void clade_call(const void *arguments, void *results)
{
	(void)arguments;
	*(double *)results = (double)(size_t)malloc(4);
}
