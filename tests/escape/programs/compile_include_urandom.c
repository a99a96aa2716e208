/* expect: COMPILE_ERROR. Reads a device without end. */
#include "/dev/urandom"
