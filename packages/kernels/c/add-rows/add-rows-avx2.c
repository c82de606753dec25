#define ADD_ROWS add_rows_avx2
#include "add-rows-vector.h"
