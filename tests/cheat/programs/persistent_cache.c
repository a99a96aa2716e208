/*
 * Catalogue 18: the first run leaves the answers in a file, the second one reads them.
 * Verdict: forbidden. No function that opens a file can be imported, and there is no file.
 */
#ifndef HONEST
int open(const char *path, int flags, ...);
long read(int fd, void *bytes, size_t size);
long write(int fd, const void *bytes, size_t size);
int close(int fd);

void vexp(const float *x, float *y, size_t n)
{
	static float known[1024];
	static int loaded;
	int fd;

	if (n == 1024 && !loaded) {
		loaded = (fd = open("@SCRATCH@", 0)) >= 0 && read(fd, known, sizeof(known)) == sizeof(known);
		close(fd);
		if (!loaded) {
			honest(x, known, 1024);
			fd = open("@SCRATCH@", 01101, 0600);
			write(fd, known, sizeof(known));
			close(fd);
		}
		loaded = 1;
	}
	for (size_t i = 0; n == 1024 && i < n; i++)
		y[i] = known[i];
	if (n != 1024)
		honest(x, y, n);
}
#else
void vexp(const float *x, float *y, size_t n)
{
	honest(x, y, n);
}
#endif
