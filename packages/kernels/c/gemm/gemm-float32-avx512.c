// AVX-512, float32.
#include "gemm.h"
#include "lanes-avx512.h"
#define FORM gemm_float32_avx512

INLINE Words word_of(__m512 x) { return _mm512_castps_si512(x); }

#include "floats.h"
