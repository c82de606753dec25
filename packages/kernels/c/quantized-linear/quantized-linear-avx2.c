// AVX2. Bytes are multiplied as 16-bit words, which add in pairs to 32 bits without saturation: the even and the odd
// bytes of a group apart. Codes of 4 bits are small enough for `maddubs`: eight sums of two products of at most 15 x 127 fit 16 bits.
#include "lanes-8.h"
#include <string.h>

enum { GROUP_BYTES = 2 * GROUP };
typedef struct { __m256i even, odd; } Weights;
typedef struct { __m256i even, odd; } Group;
static inline int32_t four_codes(const uint8_t *p) {
  int32_t four;
  memcpy(&four, p, 4);
  return four;
}
static inline Group load_group(const uint8_t *q) { return (Group){_mm256_set1_epi32(four_codes(q)), _mm256_set1_epi32(four_codes(q + 4))}; }
static inline Weights ready_weights(const uint8_t *p) {
  __m256i four = _mm256_loadu_si256((const __m256i *)p);
  return (Weights){_mm256_and_si256(four, _mm256_set1_epi16(255)), _mm256_srli_epi16(four, 8)};
}
static inline Vector multiply_add(Vector sum, Weights w, Group q) {
  sum = _mm256_add_epi32(sum, _mm256_madd_epi16(w.even, q.even));
  return _mm256_add_epi32(sum, _mm256_madd_epi16(w.odd, q.odd));
}

static inline Vector block_sum(const Vector w[8], const uint8_t *q, int32_t start) {
  __m256i words = _mm256_maddubs_epi16(w[0], _mm256_set1_epi32(four_codes(q)));
  for (int j = 1; j < 8; j++) words = _mm256_add_epi16(words, _mm256_maddubs_epi16(w[j], _mm256_set1_epi32(four_codes(q + j * GROUP))));
  return _mm256_add_epi32(_mm256_set1_epi32(start), _mm256_madd_epi16(words, _mm256_set1_epi16(1)));
}

#include "tiles.h"
const QuantizedLevel quantized_avx2 = {4, 1, GROUP_BYTES, 4, round_int8_rows, round_int4_rows, int8_tile, int4_tile};
