// The native bfloat16 form with its two instructions said in AVX-512F, so that its packing and blocking are tested on processors without them.
#include "gemm.h"
#include "lanes-avx512.h"
#define FORM gemm_bf16_pairs

INLINE Words nearest_in_high_half(__m512 x) {
  Words bits = _mm512_castps_si512(x), odd = _mm512_and_si512(_mm512_srli_epi32(bits, 16), _mm512_set1_epi32(1));
  return _mm512_add_epi32(bits, _mm512_add_epi32(odd, _mm512_set1_epi32(0x7fff)));
}
INLINE Words rounded_pairs(__m512 low, __m512 high) {
  const Words upper_halves = _mm512_set_epi16(63, 61, 59, 57, 55, 53, 51, 49, 47, 45, 43, 41, 39, 37, 35, 33, 31, 29, 27, 25, 23, 21, 19, 17, 15, 13, 11, 9, 7, 5, 3, 1);
  return _mm512_permutex2var_epi16(nearest_in_high_half(low), upper_halves, nearest_in_high_half(high));
}
INLINE __m512 first_of(Words pairs) { return _mm512_castsi512_ps(_mm512_slli_epi32(pairs, 16)); }
INLINE __m512 second_of(Words pairs) { return _mm512_castsi512_ps(_mm512_and_si512(pairs, _mm512_set1_epi32((int)0xffff0000))); }
INLINE Sums dot(Sums sums, Words a, Words b) {
  return _mm512_fmadd_ps(second_of(a), second_of(b), _mm512_fmadd_ps(first_of(a), first_of(b), sums));
}

#include "pairs.h"
