// Vectors of 8 lanes, for AVX2.
#pragma once
#include "quantized-linear.h"
#include <immintrin.h>

enum { LANES = 8 };
typedef __m256i Vector;
typedef __m256 Floats;
static inline Vector same_lanes(int32_t x) { return _mm256_set1_epi32(x); }
static inline Vector load_lanes(const int32_t *p) { return _mm256_loadu_si256((const __m256i *)p); }
static inline void store_lanes(int32_t *p, Vector v) { _mm256_storeu_si256((__m256i *)p, v); }
static inline Floats zero_floats(void) { return _mm256_setzero_ps(); }
static inline Floats load_floats(const float *p) { return _mm256_loadu_ps(p); }
static inline void store_floats(float *p, Floats v) { _mm256_storeu_ps(p, v); }

static inline void store_scaled(float *y, Vector sum, float rowScale, const float *scales) {
  _mm256_storeu_ps(y, _mm256_mul_ps(_mm256_cvtepi32_ps(sum), _mm256_mul_ps(_mm256_set1_ps(rowScale), _mm256_loadu_ps(scales))));
}

static inline Floats add_scaled(Floats total, Vector sum, float rowScale, float offset, Floats scale) {
  Floats part = _mm256_fmadd_ps(_mm256_castsi256_ps(sum), _mm256_set1_ps(rowScale), _mm256_set1_ps(offset));
  return _mm256_fmadd_ps(part, scale, total);
}

static inline void unpack_halves(const uint8_t *codes, Vector *low, Vector *high) {
  const __m256i half = _mm256_set1_epi8(15);
  __m256i pairs = _mm256_loadu_si256((const __m256i *)codes);
  *low = _mm256_and_si256(pairs, half);
  *high = _mm256_and_si256(_mm256_srli_epi16(pairs, 4), half);
}
