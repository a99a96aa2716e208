/*
 * pad_object.h - an empty relocatable object whose only content is padding in front of all code:
 * linked first, it moves everything that follows by its size and changes nothing else.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#define PAD_OBJECT_BYTES_MAX 8192
#define PAD_OBJECT_STEP 64
#define PAD_OBJECT_PAD_MAX 4096

/*
 * bytes: a multiple of PAD_OBJECT_STEP below PAD_OBJECT_PAD_MAX. Returns the size of the object in
 * out.
 */
size_t pad_object_make(char out[PAD_OBJECT_BYTES_MAX], uint32_t bytes);
