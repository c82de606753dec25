#define FORWARD swiglu_avx2
#define BACKWARD swiglu_backward_avx2
#include "swiglu-vector.h"
