#define FORWARD attention_avx512
#define BACKWARD attention_backward_avx512
#include "attention-vector.h"
