#define ROTARY rotary_avx512
#include "rotary-vector.h"
