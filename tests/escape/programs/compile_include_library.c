/* expect: COMPILE_ERROR. Reads a library as if it were text. */
#include "/lib64/ld-linux-x86-64.so.2"
