#define FORWARD rms_norm_avx512
#define BACKWARD rms_norm_backward_avx512
#include "rms-norm-vector.h"
