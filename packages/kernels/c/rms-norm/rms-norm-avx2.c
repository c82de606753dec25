#define FORWARD rms_norm_avx2
#define BACKWARD rms_norm_backward_avx2
#include "rms-norm-vector.h"
