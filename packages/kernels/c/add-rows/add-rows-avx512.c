#define ADD_ROWS add_rows_avx512
#include "add-rows-vector.h"
