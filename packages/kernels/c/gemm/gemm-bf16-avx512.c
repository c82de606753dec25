// AVX-512 without its bfloat16: what is multiplied was rounded while it was packed. (Pairs of bfloat16, taken apart by a shift and
// a mask for two FMAs, took a fifth longer.)
#include "gemm.h"
#include "lanes-avx512.h"
#define FORM gemm_bf16_avx512

INLINE Words word_of(__m512 x) {
  __m512i bits = _mm512_castps_si512(x), odd = _mm512_and_si512(_mm512_srli_epi32(bits, 16), _mm512_set1_epi32(1));
  __m512i nearest = _mm512_add_epi32(bits, _mm512_add_epi32(odd, _mm512_set1_epi32(0x7fff)));
  __mmask16 isNaN = _mm512_cmp_ps_mask(x, x, _CMP_UNORD_Q);
  return _mm512_and_si512(_mm512_mask_or_epi32(nearest, isNaN, bits, _mm512_set1_epi32(1 << 22)), _mm512_set1_epi32((int)0xffff0000));
}

#include "floats.h"
