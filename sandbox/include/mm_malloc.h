/*
 * mm_malloc.h of the compile box: takes the place of the compiler's, which drags in errno and
 * posix_memalign. There is no _mm_malloc: memory comes from the problem's buffers or its arena.
 */
#pragma once
