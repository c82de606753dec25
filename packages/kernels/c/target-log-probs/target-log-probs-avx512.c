#define FORWARD target_log_probs_avx512
#define BACKWARD target_log_probs_backward_avx512
#include "target-log-probs-vector.h"
