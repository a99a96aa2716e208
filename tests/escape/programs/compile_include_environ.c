/* expect: COMPILE_ERROR. Reads the environment of the compiler's parent. */
#include "/proc/self/environ"
