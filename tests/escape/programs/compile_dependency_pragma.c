/* expect: COMPILE_ERROR. Lets a pragma look at a file of the host. */
#pragma GCC dependency "/etc/passwd"
