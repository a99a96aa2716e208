/* expect: OK. Asks which files the host has; the answer is always no. */
#if __has_include("/etc/passwd") || __has_include("/proc/self/maps") || __has_include("@CANARY@")
#error "seen"
#endif
int x;
