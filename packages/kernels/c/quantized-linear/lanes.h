// A register of 16 lanes with AVX-512, with or without VNNI, and of 8 with AVX2: whole numbers of 32 bits, bytes of them, or floats.
#pragma once
#include "quantized-linear.h"
#include <immintrin.h>
#include <string.h>

#if defined(__AVX512F__)
enum { LANES = 16 };
typedef __m512i Vector;
typedef __m512 Floats;
#define VEC(operation) _mm512_##operation
static inline Vector load_vector(const void *p) { return _mm512_loadu_si512(p); }
static inline void store_vector(void *p, Vector v) { _mm512_storeu_si512(p, v); }
static inline Vector both(Vector a, Vector b) { return _mm512_and_si512(a, b); }
static inline Floats as_floats(Vector v) { return _mm512_castsi512_ps(v); }
#else
enum { LANES = 8 };
typedef __m256i Vector;
typedef __m256 Floats;
#define VEC(operation) _mm256_##operation
static inline Vector load_vector(const void *p) { return _mm256_loadu_si256(p); }
static inline void store_vector(void *p, Vector v) { _mm256_storeu_si256(p, v); }
static inline Vector both(Vector a, Vector b) { return _mm256_and_si256(a, b); }
static inline Floats as_floats(Vector v) { return _mm256_castsi256_ps(v); }
#endif

static inline Vector same_lanes(int32_t x) { return VEC(set1_epi32)(x); }
static inline Floats zero_floats(void) { return VEC(setzero_ps)(); }
static inline Floats load_floats(const float *p) { return VEC(loadu_ps)(p); }
static inline void store_floats(float *p, Floats v) { VEC(storeu_ps)(p, v); }

// Four codes of a row, in each lane.
static inline Vector four_codes(const uint8_t *p) {
  int32_t four;
  memcpy(&four, p, 4);
  return same_lanes(four);
}

static inline void store_scaled(float *y, Vector sum, float rowScale, const float *scales) {
  store_floats(y, VEC(mul_ps)(VEC(cvtepi32_ps)(sum), VEC(mul_ps)(VEC(set1_ps)(rowScale), load_floats(scales))));
}

static inline Floats add_scaled(Floats total, Vector sum, float rowScale, float offset, Floats scale) {
  Floats part = VEC(fmadd_ps)(as_floats(sum), VEC(set1_ps)(rowScale), VEC(set1_ps)(offset));
  return VEC(fmadd_ps)(part, scale, total);
}

static inline void unpack_halves(const uint8_t *codes, Vector *low, Vector *high) {
  const Vector half = VEC(set1_epi8)(15), pairs = load_vector(codes);
  *low = both(pairs, half);
  *high = both(VEC(srli_epi16)(pairs, 4), half);
}
