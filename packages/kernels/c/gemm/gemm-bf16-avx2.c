// AVX2 and FMA, bfloat16: what is multiplied was rounded while it was packed.
#include "gemm.h"
#include "lanes-avx2.h"
#define FORM gemm_bf16_avx2

INLINE Words word_of(__m256 x) {
  __m256i bits = _mm256_castps_si256(x), odd = _mm256_and_si256(_mm256_srli_epi32(bits, 16), _mm256_set1_epi32(1));
  __m256i nearest = _mm256_add_epi32(bits, _mm256_add_epi32(odd, _mm256_set1_epi32(0x7fff)));
  __m256i isNaN = _mm256_castps_si256(_mm256_cmp_ps(x, x, _CMP_UNORD_Q)), quiet = _mm256_or_si256(bits, _mm256_set1_epi32(1 << 22));
  return _mm256_and_si256(_mm256_blendv_epi8(nearest, quiet, isNaN), _mm256_set1_epi32((int)0xffff0000));
}

#include "floats.h"
