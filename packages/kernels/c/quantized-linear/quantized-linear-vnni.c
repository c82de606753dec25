// AVX-512 with VNNI: one instruction multiplies four unsigned by four signed bytes in each of 16 columns and adds them to a sum.
#include "lanes.h"

enum { GROUP_BYTES = GROUP };
typedef Vector Weights;
typedef Vector Group;
static inline Group load_group(const uint8_t *q) { return four_codes(q); }
static inline Weights ready_weights(const uint8_t *p) { return load_vector(p); }
static inline Vector multiply_add(Vector sum, Weights w, Group q) { return _mm512_dpbusd_epi32(sum, w, q); }

static inline Vector block_sum(const Vector w[8], const uint8_t *q, int32_t start) {
  Vector sum = same_lanes(start);
  for (int j = 0; j < 8; j++) sum = _mm512_dpbusd_epi32(sum, w[j], four_codes(q + j * GROUP));
  return sum;
}

#include "tiles.h"
const QuantizedLevel quantized_vnni = {8, 3, GROUP_BYTES, 16, round_int8_rows, round_int4_rows, int8_tile, int4_tile};
