// AVX512_BF16: a word is a pair of bfloat16, the number of the smaller k in its low half.
//   vcvtne2ps2bf16 rounds 32 float32 to the nearest bfloat16, ties to even, and subnormal numbers to zero;
//   vdpbf16ps adds the two products of a pair to a float32 sum, one after the other, subnormal numbers taken as zero.
#include "gemm.h"
#include "lanes-avx512.h"
#define FORM gemm_bf16_bf16

INLINE Words rounded_pairs(__m512 low, __m512 high) { return (Words)_mm512_cvtne2ps_pbh(high, low); }
INLINE Sums dot(Sums sums, Words a, Words b) { return _mm512_dpbf16_ps(sums, (__m512bh)a, (__m512bh)b); }

#include "pairs.h"
