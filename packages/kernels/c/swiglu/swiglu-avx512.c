#define FORWARD swiglu_avx512
#define BACKWARD swiglu_backward_avx512
#include "swiglu-vector.h"
