// The definition, by plain loops.
#include "quantized-linear.h"
#include <math.h>

static float magnitude(const float *x, size_t count) {
  float largest = SMALLEST;
  for (size_t i = 0; i < count; i++) largest = fabsf(x[i]) <= largest ? largest : fabsf(x[i]); // NaN stays
  return largest;
}

// To the nearest whole number, halves to the even one: adding 1.5 x 2^23 leaves no bits for anything else.
static int32_t rounded(float x) {
  if (!(fabsf(x) < LARGEST_CODE + 1)) return 0; // NaN: the scale is NaN as well
  const float shift = 12582912;
  volatile float sum = x + shift;
  return (int32_t)(sum - shift);
}

static void turn(const float *x, size_t k, float *turned) {
  size_t block = turn_block(k);
  float norm = 1 / sqrtf((float)block);
  for (size_t i = 0; i < k; i++) turned[i] = x[i];
  for (size_t half = 1; half < block; half *= 2)
    for (size_t i = 0; i < k; i++)
      if (!(i & half)) {
        float a = turned[i], b = turned[i + half];
        turned[i] = a + b;
        turned[i + half] = a - b;
      }
  for (size_t i = 0; i < k; i++) turned[i] *= norm;
}

static void round_int8(const float *x, size_t k, size_t groupBytes, float *turned, RoundedRows out) {
  (void)groupBytes;
  for (size_t r = 0; r < out.rows; r++) {
    turn(x + r * k, k, turned);
    float scale = magnitude(turned, k) / LARGEST_CODE;
    int32_t sum = 0;
    for (size_t i = 0; i < k; i++) {
      int32_t code = rounded(turned[i] / scale);
      sum += code;
      out.codes[(i / GROUP * out.rows + r) * GROUP + i % GROUP] = (uint8_t)(int8_t)code;
    }
    out.scales[r] = scale;
    out.start[r] = -128 * sum;
  }
}

static void round_int4(const float *x, size_t k, RoundedRows out) {
  for (size_t r = 0; r < out.rows; r++)
    for (size_t b = 0; b < k / BLOCK; b++) {
      const float *from = x + r * k + b * BLOCK;
      size_t at = b * out.rows + r;
      float scale = block_scale(magnitude(from, BLOCK));
      int32_t sum = 0;
      for (size_t i = 0; i < BLOCK; i++) {
        int32_t code = rounded(from[i] / scale);
        sum += code;
        out.codes[at * BLOCK + i] = (uint8_t)(int8_t)code;
      }
      out.scales[at] = scale;
      out.start[at] = WHOLE_BITS - 8 * sum;
      out.offsets[at] = -WHOLE * scale;
    }
}

static void int8_tile(const Tile *t) {
  size_t rows = t->rows.rows;
  for (size_t r = 0; r < rows; r++)
    for (size_t n = 0; n < t->panels * PANEL; n++) {
      float *y = t->y + r * t->ldy + n;
      const uint8_t *codes = t->codes + n / PANEL * t->codeStride + n % PANEL * GROUP;
      Word sum = {.f = *y};
      if (t->isFirst) sum.i = t->rows.start[r];
      for (size_t g = 0; g < t->count; g++)
        for (size_t i = 0; i < GROUP; i++) sum.i += codes[g * PANEL * GROUP + i] * (int8_t)t->rows.codes[(g * rows + r) * GROUP + i];
      *y = t->isLast ? (float)sum.i * (t->rows.scales[r] * t->scales[n]) : sum.f;
    }
}

static void int4_tile(const Tile *t) {
  size_t rows = t->rows.rows;
  for (size_t r = 0; r < rows; r++)
    for (size_t n = 0; n < PANEL; n++) {
      float *y = t->y + r * t->ldy + n, total = t->isFirst ? 0 : *y;
      for (size_t b = 0; b < t->count; b++) {
        const int8_t *q = (const int8_t *)t->rows.codes + (b * rows + r) * BLOCK;
        Word sum = {.i = t->rows.start[b * rows + r]};
        for (size_t i = 0; i < BLOCK; i++) {
          uint8_t pair = t->codes[b * INT4_BLOCK_BYTES + (i / 8 * PANEL + n) * GROUP + i % GROUP];
          sum.i += q[i] * (i % 8 < GROUP ? pair & 15 : pair >> 4);
        }
        total += (sum.f - WHOLE) * t->rows.scales[b * rows + r] * t->scales[b * PANEL + n];
      }
      *y = total;
    }
}

const QuantizedLevel quantized_scalar = {4, 3, GROUP, 4, round_int8, round_int4, int8_tile, int4_tile};
