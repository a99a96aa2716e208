/* expect: LIMIT. Gives an image above four megabytes. */
#include <stddef.h>
__attribute__((visibility("default"))) const char table[5 << 20] = { 1 };
