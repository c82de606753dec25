// AVX2 and FMA, float32.
#include "gemm.h"
#include "lanes-avx2.h"
#define FORM gemm_float32_avx2

INLINE Words word_of(__m256 x) { return _mm256_castps_si256(x); }

#include "floats.h"
