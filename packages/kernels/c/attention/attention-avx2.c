#define FORWARD attention_avx2
#define BACKWARD attention_backward_avx2
#include "attention-vector.h"
