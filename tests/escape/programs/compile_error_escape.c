/* expect: COMPILE_ERROR. Sends control bytes to the terminal of whoever reads the diagnostics. */
#error "[2J]0;owned  "
