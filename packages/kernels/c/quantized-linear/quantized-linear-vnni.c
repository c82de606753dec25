// AVX-512 with VNNI: one instruction multiplies four unsigned by four signed bytes in each of 16 columns and adds them to a sum.
#include "lanes-16.h"
#include <string.h>

enum { GROUP_BYTES = GROUP };
typedef __m512i Weights;
typedef __m512i Group;
static inline int32_t four_codes(const uint8_t *p) {
  int32_t four;
  memcpy(&four, p, 4);
  return four;
}
static inline Group load_group(const uint8_t *q) { return _mm512_set1_epi32(four_codes(q)); }
static inline Weights ready_weights(const uint8_t *p) { return _mm512_loadu_si512(p); }
static inline Vector multiply_add(Vector sum, Weights w, Group q) { return _mm512_dpbusd_epi32(sum, w, q); }

static inline Vector block_sum(const Vector w[8], const uint8_t *q, int32_t start) {
  Vector sum = _mm512_set1_epi32(start);
  for (int j = 0; j < 8; j++) sum = _mm512_dpbusd_epi32(sum, w[j], load_group(q + j * GROUP));
  return sum;
}

#include "tiles.h"
const QuantizedLevel quantized_vnni = {8, 3, GROUP_BYTES, 16, round_int8_rows, round_int4_rows, int8_tile, int4_tile};
