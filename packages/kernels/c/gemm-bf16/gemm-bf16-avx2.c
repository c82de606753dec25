// AVX2 and FMA: a word is one float32 that was rounded while it was packed, so the inner loop is that of a float32 product.
#include "gemm-bf16.h"
#include <immintrin.h>
#include <stdint.h>
#define FORM gemm_bf16_avx2
#define INLINE static inline __attribute__((always_inline))
#define UNROLL _Pragma("GCC unroll 8")
enum { LANES = 8, ROWS = 4, K_PER_WORD = 1, BLOCK = 96, DEPTH = 256 };
typedef __m256i Words;
typedef __m256 Sums;

INLINE __m256i first_lanes(size_t count) {
  return _mm256_cmpgt_epi32(_mm256_set1_epi32(count < LANES ? (int)count : LANES), _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7));
}

INLINE Words rounded(__m256 x) {
  __m256i bits = _mm256_castps_si256(x), odd = _mm256_and_si256(_mm256_srli_epi32(bits, 16), _mm256_set1_epi32(1));
  __m256i nearest = _mm256_add_epi32(bits, _mm256_add_epi32(odd, _mm256_set1_epi32(0x7fff)));
  __m256i isNaN = _mm256_castps_si256(_mm256_cmp_ps(x, x, _CMP_UNORD_Q)), quiet = _mm256_or_si256(bits, _mm256_set1_epi32(1 << 22));
  return _mm256_and_si256(_mm256_blendv_epi8(nearest, quiet, isNaN), _mm256_set1_epi32((int)0xffff0000));
}
INLINE Words words_along(const float *p, size_t count) {
  return rounded(count >= LANES ? _mm256_loadu_ps(p) : _mm256_maskload_ps(p, first_lanes(count)));
}
INLINE Words words_across(const float *first, const float *second, size_t count) {
  (void)second;
  return words_along(first, count);
}
INLINE Sums dot(Sums sums, Words a, Words b) { return _mm256_fmadd_ps(_mm256_castsi256_ps(a), _mm256_castsi256_ps(b), sums); }

INLINE Words no_words(void) { return _mm256_setzero_si256(); }
INLINE Words load(const uint32_t *p) { return _mm256_loadu_si256((const __m256i *)p); }
INLINE Words broadcast(const uint32_t *p) { return _mm256_set1_epi32((int)*p); }
INLINE void store(uint32_t *p, Words words) { _mm256_storeu_si256((__m256i *)p, words); }
INLINE void store_halves(uint32_t *low, uint32_t *high, Words words) {
  _mm_storeu_si128((__m128i *)low, _mm256_castsi256_si128(words));
  _mm_storeu_si128((__m128i *)high, _mm256_extracti128_si256(words, 1));
}

INLINE Sums no_sums(void) { return _mm256_setzero_ps(); }
INLINE void store_sums(float *p, size_t count, Sums sums, int add) {
  if (count >= LANES) {
    _mm256_storeu_ps(p, add ? _mm256_add_ps(sums, _mm256_loadu_ps(p)) : sums);
    return;
  }
  __m256i lanes = first_lanes(count);
  _mm256_maskstore_ps(p, lanes, add ? _mm256_add_ps(sums, _mm256_maskload_ps(p, lanes)) : sums);
}

INLINE void transpose(Words r[LANES]) {
  Words t[LANES];
  UNROLL for (int i = 0; i < 4; i++) {
    t[2 * i] = _mm256_unpacklo_epi32(r[2 * i], r[2 * i + 1]);
    t[2 * i + 1] = _mm256_unpackhi_epi32(r[2 * i], r[2 * i + 1]);
  }
  UNROLL for (int i = 0; i < 2; i++) {
    r[4 * i] = _mm256_unpacklo_epi64(t[4 * i], t[4 * i + 2]);
    r[4 * i + 1] = _mm256_unpackhi_epi64(t[4 * i], t[4 * i + 2]);
    r[4 * i + 2] = _mm256_unpacklo_epi64(t[4 * i + 1], t[4 * i + 3]);
    r[4 * i + 3] = _mm256_unpackhi_epi64(t[4 * i + 1], t[4 * i + 3]);
  }
  UNROLL for (int i = 0; i < 4; i++) {
    Words low = r[i], high = r[i + 4];
    r[i] = _mm256_permute2x128_si256(low, high, 0x20);
    r[i + 4] = _mm256_permute2x128_si256(low, high, 0x31);
  }
}

#include "blocked.h"
