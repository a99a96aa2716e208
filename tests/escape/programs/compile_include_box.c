/* expect: COMPILE_ERROR. Reads the box program itself. */
#include "/z"
