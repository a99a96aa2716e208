/* expect: COMPILE_ERROR. Reads what the service reads. */
#include "/dev/stdin"
