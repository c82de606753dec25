// AVX-512 without VNNI. Bytes are multiplied as 16-bit words, which add in pairs to 32 bits without saturation: the even and the odd
// bytes of a group apart. Codes of 4 bits are small enough for `maddubs`: eight sums of two products of at most 15 x 127 fit 16 bits.
#include "lanes-16.h"
#include <string.h>

enum { GROUP_BYTES = 2 * GROUP };
typedef struct { __m512i even, odd; } Weights;
typedef struct { __m512i even, odd; } Group;
static inline int32_t four_codes(const uint8_t *p) {
  int32_t four;
  memcpy(&four, p, 4);
  return four;
}
static inline Group load_group(const uint8_t *q) { return (Group){_mm512_set1_epi32(four_codes(q)), _mm512_set1_epi32(four_codes(q + 4))}; }
static inline Weights ready_weights(const uint8_t *p) {
  __m512i four = _mm512_loadu_si512(p);
  return (Weights){_mm512_and_si512(four, _mm512_set1_epi16(255)), _mm512_srli_epi16(four, 8)};
}
static inline Vector multiply_add(Vector sum, Weights w, Group q) {
  sum = _mm512_add_epi32(sum, _mm512_madd_epi16(w.even, q.even));
  return _mm512_add_epi32(sum, _mm512_madd_epi16(w.odd, q.odd));
}

static inline Vector block_sum(const Vector w[8], const uint8_t *q, int32_t start) {
  __m512i words = _mm512_maddubs_epi16(w[0], _mm512_set1_epi32(four_codes(q)));
  for (int j = 1; j < 8; j++) words = _mm512_add_epi16(words, _mm512_maddubs_epi16(w[j], _mm512_set1_epi32(four_codes(q + j * GROUP))));
  return _mm512_add_epi32(_mm512_set1_epi32(start), _mm512_madd_epi16(words, _mm512_set1_epi16(1)));
}

#include "tiles.h"
const QuantizedLevel quantized_avx512 = {8, 2, GROUP_BYTES, 8, round_int8_rows, round_int4_rows, int8_tile, int4_tile};
