/*
 * object_size.h - how many bytes of code and data an object file holds: a bounded reader of section
 * headers, inside the box.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

/*
 * Add the sizes of the allocated sections of the relocatable object at path: executable ones to
 * *code, all others (read-only, initialised and zeroed data; notes and unwind tables left out) to
 * *data. False when it is not such an object.
 */
bool object_size_add(uint64_t *code, uint64_t *data, const char *path);
