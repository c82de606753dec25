// Rows rounded to 8 bits with AVX2, for it and all sets above. A row of k numbers takes about k instructions, next to k n products.
#pragma once
#include "quantized-linear.h"
#include <immintrin.h>
#include <math.h>
#include <string.h>


// Eight numbers turned by Sylvester's matrix: three steps of a + b, a - b with the neighbour at distance 1, 2 and 4.
static inline __m256 turn_eight(__m256 v) {
  const __m256 one = _mm256_setr_ps(1, -1, 1, -1, 1, -1, 1, -1), two = _mm256_setr_ps(1, 1, -1, -1, 1, 1, -1, -1);
  const __m256 four = _mm256_setr_ps(1, 1, 1, 1, -1, -1, -1, -1);
  v = _mm256_fmadd_ps(v, one, _mm256_permute_ps(v, 0xb1));
  v = _mm256_fmadd_ps(v, two, _mm256_permute_ps(v, 0x4e));
  return _mm256_fmadd_ps(v, four, _mm256_permute2f128_ps(v, v, 1));
}

static inline void turn_64(const float *x, float *turned) {
  __m256 v[8];
  for (int i = 0; i < 8; i++) v[i] = turn_eight(_mm256_loadu_ps(x + 8 * i));
  for (int half = 1; half < 8; half *= 2)
    for (int i = 0; i < 8; i++)
      if (!(i & half)) {
        __m256 a = v[i], b = v[i + half];
        v[i] = _mm256_add_ps(a, b);
        v[i + half] = _mm256_sub_ps(a, b);
      }
  for (int i = 0; i < 8; i++) _mm256_storeu_ps(turned + 8 * i, _mm256_mul_ps(v[i], _mm256_set1_ps(0.125f)));
}

static inline void turn_by(const float *x, size_t k, size_t block, float *turned) {
  float norm = 1 / sqrtf((float)block);
  memcpy(turned, x, k * sizeof *x);
  for (size_t half = 1; half < block; half *= 2)
    for (size_t start = 0; start < k; start += 2 * half)
      for (size_t i = start; i < start + half; i++) {
        float a = turned[i], b = turned[i + half];
        turned[i] = a + b;
        turned[i + half] = a - b;
      }
  for (size_t i = 0; i < k; i++) turned[i] *= norm;
}

// The largest magnitude, at least SMALLEST; NaN if there is one among the numbers, as everything that it is multiplied with then.
static inline float largest_of(const float *x, size_t count) {
  const __m256 magnitude = _mm256_castsi256_ps(_mm256_set1_epi32(0x7fffffff));
  __m256 most = _mm256_setzero_ps(), isNone = _mm256_setzero_ps();
  size_t i = 0;
  for (; i + 8 <= count; i += 8) {
    __m256 v = _mm256_and_ps(magnitude, _mm256_loadu_ps(x + i));
    most = _mm256_max_ps(most, v);
    isNone = _mm256_or_ps(isNone, _mm256_cmp_ps(v, v, _CMP_UNORD_Q));
  }
  float lanes[8], largest = SMALLEST;
  int none = _mm256_movemask_ps(isNone);
  _mm256_storeu_ps(lanes, most);
  for (int lane = 0; lane < 8; lane++) largest = lanes[lane] > largest ? lanes[lane] : largest;
  for (; i < count; i++) {
    none |= isnan(x[i]);
    largest = fabsf(x[i]) > largest ? fabsf(x[i]) : largest;
  }
  return none ? NAN : largest;
}

// Thirty-two codes of four times eight numbers, and their sum, by lanes.
static inline __m256i codes_of(const float *x, __m256 factor, __m256i *sum) {
  __m256i v[4];
  for (int i = 0; i < 4; i++) v[i] = _mm256_cvtps_epi32(_mm256_mul_ps(_mm256_loadu_ps(x + 8 * i), factor));
  *sum = _mm256_add_epi32(*sum, _mm256_add_epi32(_mm256_add_epi32(v[0], v[1]), _mm256_add_epi32(v[2], v[3])));
  __m256i packed = _mm256_packs_epi16(_mm256_packs_epi32(v[0], v[1]), _mm256_packs_epi32(v[2], v[3]));
  return _mm256_permutevar8x32_epi32(packed, _mm256_setr_epi32(0, 4, 1, 5, 2, 6, 3, 7)); // packing works within halves
}

static inline int32_t sum_of_lanes(__m256i v) {
  __m128i s = _mm_add_epi32(_mm256_castsi256_si128(v), _mm256_extracti128_si256(v, 1));
  s = _mm_add_epi32(s, _mm_shuffle_epi32(s, 0x4e));
  return _mm_cvtsi128_si32(_mm_add_epi32(s, _mm_shuffle_epi32(s, 0xb1)));
}

// A group as the tiles want it: four bytes, or as words k0 k2, k1 k3.
static inline void store_group(uint8_t *to, size_t groupBytes, int32_t four) {
  if (groupBytes == GROUP) {
    memcpy(to, &four, 4);
    return;
  }
  int16_t words[4] = {(int8_t)four, (int8_t)(four >> 16), (int8_t)(four >> 8), (int8_t)(four >> 24)};
  memcpy(to, words, 8);
}

static void round_int8_rows(const float *x, size_t k, size_t groupBytes, float *turned, RoundedRows out) {
  size_t block = turn_block(k), stride = out.rows * groupBytes;
  for (size_t r = 0; r < out.rows; r++) {
    if (block == 64)
      for (size_t i = 0; i < k; i += 64) turn_64(x + r * k + i, turned + i);
    else turn_by(x + r * k, k, block, turned);
    float scale = largest_of(turned, k) / LARGEST_CODE;
    __m256 factor = _mm256_set1_ps(1 / scale);
    __m256i sum = _mm256_setzero_si256();
    memset(turned + k, 0, 32 * sizeof *turned); // the last codes are of zeros
    uint8_t *to = out.codes + r * groupBytes;
    for (size_t i = 0; i < k; i += 32) {
      int32_t fours[8];
      _mm256_storeu_si256((__m256i *)fours, codes_of(turned + i, factor, &sum));
      size_t groups = (k - i) / GROUP;
      for (size_t g = 0; g < (groups < 8 ? groups : 8); g++, to += stride) store_group(to, groupBytes, fours[g]);
    }
    out.scales[r] = scale;
    out.start[r] = -128 * sum_of_lanes(sum);
  }
}

static void round_int4_rows(const float *x, size_t k, RoundedRows out) {
  for (size_t r = 0; r < out.rows; r++)
    for (size_t b = 0; b < k / BLOCK; b++) {
      const float *from = x + r * k + b * BLOCK;
      size_t at = b * out.rows + r;
      float scale = block_scale(largest_of(from, BLOCK));
      __m256i sum = _mm256_setzero_si256();
      _mm256_storeu_si256((__m256i *)(out.codes + at * BLOCK), codes_of(from, _mm256_set1_ps(1 / scale), &sum));
      out.scales[at] = scale;
      out.start[at] = WHOLE_BITS - 8 * sum_of_lanes(sum);
      out.offsets[at] = -WHOLE * scale;
    }
}
