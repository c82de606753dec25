// One register of floats, 16 with AVX-512 and 8 with AVX2, so that a kernel is written once and compiled for both.
// `part` forms touch the first `count` elements in memory, any number; what is not loaded is 0.
#pragma once
#include <immintrin.h>
#include <math.h>
#include <stddef.h>

#define INLINE static inline __attribute__((always_inline))

#if defined(__AVX512F__)
typedef __m512 Vec;
enum { WIDTH = 16 };

INLINE __mmask16 first_lanes(size_t count) { return count >= WIDTH ? 0xffff : (__mmask16)((1u << count) - 1); }
INLINE Vec vec_load(const float *p) { return _mm512_loadu_ps(p); }
INLINE void vec_store(float *p, Vec x) { _mm512_storeu_ps(p, x); }
INLINE Vec vec_load_part(const float *p, size_t count) { return _mm512_maskz_loadu_ps(first_lanes(count), p); }
INLINE void vec_store_part(float *p, Vec x, size_t count) { _mm512_mask_storeu_ps(p, first_lanes(count), x); }
// `x` in the first `count` lanes, `y` in the others.
INLINE Vec vec_first(Vec x, Vec y, size_t count) { return _mm512_mask_blend_ps(first_lanes(count), y, x); }
INLINE Vec vec_all(float x) { return _mm512_set1_ps(x); }
INLINE Vec vec_add(Vec a, Vec b) { return _mm512_add_ps(a, b); }
INLINE Vec vec_sub(Vec a, Vec b) { return _mm512_sub_ps(a, b); }
INLINE Vec vec_mul(Vec a, Vec b) { return _mm512_mul_ps(a, b); }
INLINE Vec vec_div(Vec a, Vec b) { return _mm512_div_ps(a, b); }
INLINE Vec vec_max(Vec a, Vec b) { return _mm512_max_ps(a, b); }
INLINE Vec vec_min(Vec a, Vec b) { return _mm512_min_ps(a, b); }
// `a * b + c`
INLINE Vec vec_fma(Vec a, Vec b, Vec c) { return _mm512_fmadd_ps(a, b, c); }
// `c - a * b`
INLINE Vec vec_fnma(Vec a, Vec b, Vec c) { return _mm512_fnmadd_ps(a, b, c); }
INLINE Vec vec_round(Vec x) { return _mm512_roundscale_ps(x, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC); }
// `x * 2^n` for whole `n`.
INLINE Vec vec_scale(Vec x, Vec n) { return _mm512_scalef_ps(x, n); }
INLINE float vec_sum(Vec x) { return _mm512_reduce_add_ps(x); }
INLINE float vec_top(Vec x) { return _mm512_reduce_max_ps(x); }

#else
typedef __m256 Vec;
enum { WIDTH = 8 };

INLINE __m256i first_lanes(size_t count) {
  return _mm256_cmpgt_epi32(_mm256_set1_epi32(count >= WIDTH ? WIDTH : (int)count), _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7));
}
INLINE Vec vec_load(const float *p) { return _mm256_loadu_ps(p); }
INLINE void vec_store(float *p, Vec x) { _mm256_storeu_ps(p, x); }
INLINE Vec vec_load_part(const float *p, size_t count) { return _mm256_maskload_ps(p, first_lanes(count)); }
INLINE void vec_store_part(float *p, Vec x, size_t count) { _mm256_maskstore_ps(p, first_lanes(count), x); }
INLINE Vec vec_first(Vec x, Vec y, size_t count) { return _mm256_blendv_ps(y, x, _mm256_castsi256_ps(first_lanes(count))); }
INLINE Vec vec_all(float x) { return _mm256_set1_ps(x); }
INLINE Vec vec_add(Vec a, Vec b) { return _mm256_add_ps(a, b); }
INLINE Vec vec_sub(Vec a, Vec b) { return _mm256_sub_ps(a, b); }
INLINE Vec vec_mul(Vec a, Vec b) { return _mm256_mul_ps(a, b); }
INLINE Vec vec_div(Vec a, Vec b) { return _mm256_div_ps(a, b); }
INLINE Vec vec_max(Vec a, Vec b) { return _mm256_max_ps(a, b); }
INLINE Vec vec_min(Vec a, Vec b) { return _mm256_min_ps(a, b); }
INLINE Vec vec_fma(Vec a, Vec b, Vec c) { return _mm256_fmadd_ps(a, b, c); }
INLINE Vec vec_fnma(Vec a, Vec b, Vec c) { return _mm256_fnmadd_ps(a, b, c); }
INLINE Vec vec_round(Vec x) { return _mm256_round_ps(x, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC); }
INLINE Vec vec_power_of_two(__m256i n) { return _mm256_castsi256_ps(_mm256_slli_epi32(_mm256_add_epi32(n, _mm256_set1_epi32(127)), 23)); }
// In two halves, since 2^n alone may be too large or too small for a float where x * 2^n is not.
INLINE Vec vec_scale(Vec x, Vec n) {
  __m256i whole = _mm256_cvtps_epi32(n), half = _mm256_srai_epi32(whole, 1);
  return _mm256_mul_ps(_mm256_mul_ps(x, vec_power_of_two(half)), vec_power_of_two(_mm256_sub_epi32(whole, half)));
}
INLINE float vec_sum(Vec x) {
  __m128 four = _mm_add_ps(_mm256_castps256_ps128(x), _mm256_extractf128_ps(x, 1));
  __m128 two = _mm_add_ps(four, _mm_movehl_ps(four, four));
  return _mm_cvtss_f32(_mm_add_ss(two, _mm_movehdup_ps(two)));
}
INLINE float vec_top(Vec x) {
  __m128 four = _mm_max_ps(_mm256_castps256_ps128(x), _mm256_extractf128_ps(x, 1));
  __m128 two = _mm_max_ps(four, _mm_movehl_ps(four, four));
  return _mm_cvtss_f32(_mm_max_ss(two, _mm_movehdup_ps(two)));
}
#endif

INLINE Vec vec_zero(void) { return vec_all(0); }

// e^x to 1.5 units in the last place:  x = n ln 2 + r,  |r| <= ln 2 / 2,  e^x = 2^n p(r).
// ln 2 is taken off in two parts, the first of which times n is exact; p is Cephes' polynomial (expf.c). NaN stays NaN.
INLINE Vec vec_exp(Vec x) {
  x = vec_min(vec_all(110), vec_max(vec_all(-110), x)); // beyond it is infinite, or 0; of a NaN both keep the second operand
  Vec n = vec_round(vec_mul(x, vec_all(1.44269504088896341f)));
  Vec r = vec_fnma(n, vec_all(-2.12194440e-4f), vec_fnma(n, vec_all(0.693359375f), x));
  Vec p = vec_all(1.9875691500e-4f);
  p = vec_fma(p, r, vec_all(1.3981999507e-3f));
  p = vec_fma(p, r, vec_all(8.3334519073e-3f));
  p = vec_fma(p, r, vec_all(4.1665795894e-2f));
  p = vec_fma(p, r, vec_all(1.6666665459e-1f));
  p = vec_fma(p, r, vec_all(5.0000001201e-1f));
  p = vec_fma(p, vec_mul(r, r), vec_add(r, vec_all(1)));
  return vec_scale(p, n);
}

// An 8 by 8 block of rows `x_row` apart to rows `y_row` apart.
static inline void transpose_8x8(const float *x, size_t x_row, float *y, size_t y_row) {
  __m256 row[8], pair[8], four[8];
  for (int i = 0; i < 8; i++) row[i] = _mm256_loadu_ps(x + i * x_row);
  for (int i = 0; i < 8; i += 2) {
    pair[i] = _mm256_unpacklo_ps(row[i], row[i + 1]);
    pair[i + 1] = _mm256_unpackhi_ps(row[i], row[i + 1]);
  }
  for (int i = 0; i < 8; i += 4) {
    four[i] = _mm256_shuffle_ps(pair[i], pair[i + 2], 0x44);
    four[i + 1] = _mm256_shuffle_ps(pair[i], pair[i + 2], 0xee);
    four[i + 2] = _mm256_shuffle_ps(pair[i + 1], pair[i + 3], 0x44);
    four[i + 3] = _mm256_shuffle_ps(pair[i + 1], pair[i + 3], 0xee);
  }
  for (int i = 0; i < 4; i++) {
    _mm256_storeu_ps(y + i * y_row, _mm256_permute2f128_ps(four[i], four[i + 4], 0x20));
    _mm256_storeu_ps(y + (i + 4) * y_row, _mm256_permute2f128_ps(four[i], four[i + 4], 0x31));
  }
}
