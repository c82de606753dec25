// Products of bytes without VNNI. Bytes are multiplied as 16-bit words, which add in pairs to 32 bits without saturation: the even and
// the odd bytes of a group apart. Codes of 4 bits are small enough for `maddubs`: eight sums of two products of at most 15 x 127 fit
// 16 bits.
#pragma once
#include "lanes.h"

enum { GROUP_BYTES = 2 * GROUP };
typedef struct { Vector even, odd; } Weights;
typedef struct { Vector even, odd; } Group;
static inline Group load_group(const uint8_t *q) { return (Group){four_codes(q), four_codes(q + 4)}; }
static inline Weights ready_weights(const uint8_t *p) {
  Vector four = load_vector(p);
  return (Weights){both(four, VEC(set1_epi16)(255)), VEC(srli_epi16)(four, 8)};
}
static inline Vector multiply_add(Vector sum, Weights w, Group q) {
  sum = VEC(add_epi32)(sum, VEC(madd_epi16)(w.even, q.even));
  return VEC(add_epi32)(sum, VEC(madd_epi16)(w.odd, q.odd));
}

static inline Vector block_sum(const Vector w[8], const uint8_t *q, int32_t start) {
  Vector words = VEC(maddubs_epi16)(w[0], four_codes(q));
  for (int j = 1; j < 8; j++) words = VEC(add_epi16)(words, VEC(maddubs_epi16)(w[j], four_codes(q + j * GROUP)));
  return VEC(add_epi32)(same_lanes(start), VEC(madd_epi16)(words, VEC(set1_epi16)(1)));
}
