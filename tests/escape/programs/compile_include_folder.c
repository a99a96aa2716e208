/* expect: COMPILE_ERROR. Reads a folder. */
#include "/usr"
