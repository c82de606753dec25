#define FORWARD target_log_probs_avx2
#define BACKWARD target_log_probs_backward_avx2
#include "target-log-probs-vector.h"
