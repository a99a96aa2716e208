/* mm_malloc.h of the compile box: takes the place of the compiler's, which drags in errno and posix_memalign. */
#pragma once

#include <stdlib.h>
