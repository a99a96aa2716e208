/*
 * scratch.h - a folder of its own for the tests of one file: made and entered before them, removed
 * after them. For cmocka's group set-up and tear-down; *state is the folder's path.
 */
#pragma once

int scratch_enter(void **state);
int scratch_leave(void **state);
int scratch_clear(void **state);        /* for a test's set-up: empties it */
