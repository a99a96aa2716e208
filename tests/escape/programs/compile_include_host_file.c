/* expect: COMPILE_ERROR. Shows a file of the host in the diagnostics. Outside the box: leaks. */
#include "@CANARY@"
