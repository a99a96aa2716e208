/* expect: COMPILE_ERROR. Reads the list of users. */
#include "/etc/passwd"
