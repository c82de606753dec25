#define ROTARY rotary_avx2
#include "rotary-vector.h"
