/*
 * Catalogue 32: a thread does the work while the call has returned long ago.
 * Verdict: forbidden. Threads cannot be imported, and the filter knows no clone.
 */
#ifndef HONEST
int pthread_create(unsigned long *thread, const void *attributes, void *(*start)(void *), void *argument);
int pthread_detach(unsigned long thread);

static struct { const float *x; float *y; size_t n; } task;

static void *work(void *unused)
{
	honest(task.x, task.y, task.n);
	return unused;
}

void vexp(const float *x, float *y, size_t n)
{
	static int calls;
	unsigned long thread;

	task.x = x;
	task.y = y;
	task.n = n;
	if (calls++ % 50 == 0 && pthread_create(&thread, 0, work, 0) == 0)
		pthread_detach(thread);
}
#else
void vexp(const float *x, float *y, size_t n)
{
	honest(x, y, n);
}
#endif
