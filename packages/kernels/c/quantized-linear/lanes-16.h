// Vectors of 16 lanes, for AVX-512 with and without VNNI.
#pragma once
#include "quantized-linear.h"
#include <immintrin.h>

enum { LANES = 16 };
typedef __m512i Vector;
typedef __m512 Floats;
static inline Vector same_lanes(int32_t x) { return _mm512_set1_epi32(x); }
static inline Vector load_lanes(const int32_t *p) { return _mm512_loadu_si512(p); }
static inline void store_lanes(int32_t *p, Vector v) { _mm512_storeu_si512(p, v); }
static inline Floats zero_floats(void) { return _mm512_setzero_ps(); }
static inline Floats load_floats(const float *p) { return _mm512_loadu_ps(p); }
static inline void store_floats(float *p, Floats v) { _mm512_storeu_ps(p, v); }

static inline void store_scaled(float *y, Vector sum, float rowScale, const float *scales) {
  _mm512_storeu_ps(y, _mm512_mul_ps(_mm512_cvtepi32_ps(sum), _mm512_mul_ps(_mm512_set1_ps(rowScale), _mm512_loadu_ps(scales))));
}

static inline Floats add_scaled(Floats total, Vector sum, float rowScale, float offset, Floats scale) {
  Floats part = _mm512_fmadd_ps(_mm512_castsi512_ps(sum), _mm512_set1_ps(rowScale), _mm512_set1_ps(offset));
  return _mm512_fmadd_ps(part, scale, total);
}

static inline void unpack_halves(const uint8_t *codes, Vector *low, Vector *high) {
  const __m512i half = _mm512_set1_epi8(15);
  __m512i pairs = _mm512_loadu_si512(codes);
  *low = _mm512_and_si512(pairs, half);
  *high = _mm512_and_si512(_mm512_srli_epi16(pairs, 4), half);
}
