// AVX-512 without bfloat16: a word is one float32 that was rounded while it was packed, so the inner loop is that of a float32
// product. (Pairs of bfloat16, taken apart by a shift and a mask for two FMAs, took a fifth longer.)
#include "gemm-bf16.h"
#include "lanes-avx512.h"
enum { K_PER_WORD = 1 };

INLINE Words rounded(__m512 x) {
  __m512i bits = _mm512_castps_si512(x), odd = _mm512_and_si512(_mm512_srli_epi32(bits, 16), _mm512_set1_epi32(1));
  __m512i nearest = _mm512_add_epi32(bits, _mm512_add_epi32(odd, _mm512_set1_epi32(0x7fff)));
  __mmask16 isNaN = _mm512_cmp_ps_mask(x, x, _CMP_UNORD_Q);
  return _mm512_and_si512(_mm512_mask_or_epi32(nearest, isNaN, bits, _mm512_set1_epi32(1 << 22)), _mm512_set1_epi32((int)0xffff0000));
}

INLINE Words words_along(const float *p, size_t count) { return rounded(load_floats(p, count)); }
INLINE Words words_across(const float *first, const float *second, size_t count) {
  (void)second;
  return rounded(load_floats(first, count));
}
INLINE Sums dot(Sums sums, Words a, Words b) { return _mm512_fmadd_ps(_mm512_castsi512_ps(a), _mm512_castsi512_ps(b), sums); }

#define FORM gemm_bf16_avx512
#include "blocked.h"
