// Vectors of eight, for the forms on AVX2: what they share.
#include <immintrin.h>
#include <stddef.h>
#include <stdint.h>
#define INLINE static inline __attribute__((always_inline))
#define UNROLL _Pragma("GCC unroll 8")
enum { LANES = 8, ROWS = 4, DEPTH = 256, BLOCK = 96 * DEPTH };
typedef __m256i Words;
typedef __m256 Sums;

INLINE __m256i first_lanes(size_t count) {
  return _mm256_cmpgt_epi32(_mm256_set1_epi32(count < LANES ? (int)count : LANES), _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7));
}
INLINE __m256 load_floats(const float *p, size_t count) {
  return count >= LANES ? _mm256_loadu_ps(p) : _mm256_maskload_ps(p, first_lanes(count));
}

INLINE Words no_words(void) { return _mm256_setzero_si256(); }
INLINE Words load(const uint32_t *p) { return _mm256_loadu_si256((const __m256i *)p); }
INLINE Words broadcast(const uint32_t *p) { return _mm256_set1_epi32((int)*p); }
INLINE void store(uint32_t *p, Words words) { _mm256_storeu_si256((__m256i *)p, words); }
INLINE void store_halves(uint32_t *low, uint32_t *high, Words words) {
  _mm_storeu_si128((__m128i *)low, _mm256_castsi256_si128(words));
  _mm_storeu_si128((__m128i *)high, _mm256_extracti128_si256(words, 1));
}

INLINE Sums no_sums(void) { return _mm256_setzero_ps(); }
INLINE Sums add_products(Sums sums, Words a, Words b) { return _mm256_fmadd_ps(_mm256_castsi256_ps(a), _mm256_castsi256_ps(b), sums); }
INLINE float sum_of(Sums sums) {
  __m128 four = _mm_add_ps(_mm256_castps256_ps128(sums), _mm256_extractf128_ps(sums, 1)), two = _mm_add_ps(four, _mm_movehl_ps(four, four));
  return _mm_cvtss_f32(_mm_add_ss(two, _mm_movehdup_ps(two)));
}
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
