// An int8 tile of some rows and panels, its sums in registers. Whoever includes it says what these are on its instruction set:
//   Vector         LANES whole numbers; VECTORS of them are a group of a panel
//   ready_weights  a vector's bytes as Weights, load_group a row's four codes as Group, of GROUP_BYTES
//   multiply_add   sum + four weights times four codes in each lane
#pragma once
#include "quantized-linear.h"

enum { VECTORS = PANEL / LANES };

static inline __attribute__((always_inline)) void int8_tile_of(const Tile *t, const int rows, const int panels) {
  const int columns = panels * VECTORS;
  Vector sums[MOST_ROWS][6];
  for (int r = 0; r < rows; r++)
    for (int c = 0; c < columns; c++)
      sums[r][c] = t->isFirst ? same_lanes(t->rows.start[r]) : load_vector(t->y + r * t->ldy + c * LANES);
  const uint8_t *q = t->rows.codes, *codes = t->codes;
  for (size_t g = 0; g < t->count; g++, q += rows * GROUP_BYTES, codes += PANEL * GROUP) {
    if (rows <= PREFETCHED_ROWS)
      for (int c = 0; c < panels; c++) prefetch_ahead(codes + c * t->codeStride, PANEL * GROUP);
    Weights w[6];
    for (int c = 0; c < columns; c++) w[c] = ready_weights(codes + c / VECTORS * t->codeStride + c % VECTORS * LANES * GROUP);
#pragma GCC unroll 16
    for (int r = 0; r < rows; r++) {
      Group group = load_group(q + r * GROUP_BYTES);
#pragma GCC unroll 6
      for (int c = 0; c < columns; c++) sums[r][c] = multiply_add(sums[r][c], w[c], group);
    }
  }
  for (int r = 0; r < rows; r++)
    for (int c = 0; c < columns; c++) {
      float *y = t->y + r * t->ldy + c * LANES;
      if (t->isLast) store_scaled(y, sums[r][c], t->rows.scales[r], t->scales + c * LANES);
      else store_vector(y, sums[r][c]);
    }
}

#define INT8_TILE(R, P) \
  static __attribute__((noinline)) void int8_tile_##R##_##P(const Tile *t) { int8_tile_of(t, R, P); }
