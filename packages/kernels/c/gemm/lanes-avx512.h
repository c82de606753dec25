// Vectors of sixteen, for the forms on AVX-512: what they share.
#include <immintrin.h>
#include <stddef.h>
#include <stdint.h>
#define INLINE static inline __attribute__((always_inline))
#define UNROLL _Pragma("GCC unroll 16")
enum { LANES = 16, ROWS = 8, DEPTH = 512, BLOCK = 192 * DEPTH };
typedef __m512i Words;
typedef __m512 Sums;

INLINE __mmask16 first_lanes(size_t count) { return count >= LANES ? 0xffff : (__mmask16)((1u << count) - 1); }
INLINE __m512 load_floats(const float *p, size_t count) { return _mm512_maskz_loadu_ps(first_lanes(count), p); }

INLINE Words no_words(void) { return _mm512_setzero_si512(); }
INLINE Words load(const uint32_t *p) { return _mm512_loadu_si512(p); }
INLINE Words broadcast(const uint32_t *p) { return _mm512_set1_epi32((int)*p); }
INLINE void store(uint32_t *p, Words words) { _mm512_storeu_si512(p, words); }
INLINE void store_halves(uint32_t *low, uint32_t *high, Words words) {
  _mm256_storeu_si256((__m256i *)low, _mm512_castsi512_si256(words));
  _mm256_storeu_si256((__m256i *)high, _mm512_extracti64x4_epi64(words, 1));
}

INLINE Sums no_sums(void) { return _mm512_setzero_ps(); }
INLINE Sums add_products(Sums sums, Words a, Words b) { return _mm512_fmadd_ps(_mm512_castsi512_ps(a), _mm512_castsi512_ps(b), sums); }
INLINE float sum_of(Sums sums) { return _mm512_reduce_add_ps(sums); }
INLINE void store_sums(float *p, size_t count, Sums sums, int add) {
  __mmask16 lanes = first_lanes(count);
  _mm512_mask_storeu_ps(p, lanes, add ? _mm512_add_ps(sums, _mm512_maskz_loadu_ps(lanes, p)) : sums);
}

INLINE void transpose(Words r[LANES]) {
  Words t[LANES];
  UNROLL for (int i = 0; i < 8; i++) {
    t[2 * i] = _mm512_unpacklo_epi32(r[2 * i], r[2 * i + 1]);
    t[2 * i + 1] = _mm512_unpackhi_epi32(r[2 * i], r[2 * i + 1]);
  }
  UNROLL for (int i = 0; i < 4; i++) {
    r[4 * i] = _mm512_unpacklo_epi64(t[4 * i], t[4 * i + 2]);
    r[4 * i + 1] = _mm512_unpackhi_epi64(t[4 * i], t[4 * i + 2]);
    r[4 * i + 2] = _mm512_unpacklo_epi64(t[4 * i + 1], t[4 * i + 3]);
    r[4 * i + 3] = _mm512_unpackhi_epi64(t[4 * i + 1], t[4 * i + 3]);
  }
  UNROLL for (int i = 0; i < 4; i++) {
    t[i] = _mm512_shuffle_i32x4(r[i], r[i + 4], 0x88);
    t[i + 4] = _mm512_shuffle_i32x4(r[i], r[i + 4], 0xdd);
    t[i + 8] = _mm512_shuffle_i32x4(r[i + 8], r[i + 12], 0x88);
    t[i + 12] = _mm512_shuffle_i32x4(r[i + 8], r[i + 12], 0xdd);
  }
  UNROLL for (int i = 0; i < 4; i++) {
    r[i] = _mm512_shuffle_i32x4(t[i], t[i + 8], 0x88);
    r[i + 8] = _mm512_shuffle_i32x4(t[i], t[i + 8], 0xdd);
    r[i + 4] = _mm512_shuffle_i32x4(t[i + 4], t[i + 12], 0x88);
    r[i + 12] = _mm512_shuffle_i32x4(t[i + 4], t[i + 12], 0xdd);
  }
}
