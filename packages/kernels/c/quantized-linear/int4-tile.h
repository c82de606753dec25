// An int4 tile of some rows and one panel. A block's weights, 32 k of LANES columns, are unpacked into eight registers and meet one
// row after the other there; what a row gets is scaled and added to its float32 sums, which stay in registers too.
// `block_sum(weights, codes of a row, start)` is the instruction set's.
#pragma once
#include "quantized-linear.h"

static inline __attribute__((always_inline)) void int4_tile_of(const Tile *t, const int rows) {
  for (int half = 0; half < PANEL / LANES; half++) {
    Floats sums[MOST_ROWS];
    for (int r = 0; r < rows; r++) sums[r] = t->isFirst ? zero_floats() : load_floats(t->y + r * t->ldy + half * LANES);
    const uint8_t *codes = t->codes + half * LANES * GROUP, *q = t->rows.codes;
    const float *scales = t->scales + half * LANES, *rowScales = t->rows.scales;
    const float *offsets = t->rows.offsets;
    const int32_t *start = t->rows.start;
    for (size_t b = 0; b < t->count; b++) {
      if (rows <= PREFETCHED_ROWS) prefetch_ahead(codes, INT4_BLOCK_BYTES), prefetch_ahead((const uint8_t *)scales, PANEL * sizeof *scales);
      Vector w[8];
      for (int j = 0; j < 4; j++) unpack_halves(codes + j * PANEL * GROUP, &w[2 * j], &w[2 * j + 1]);
      Floats scale = load_floats(scales);
#pragma GCC unroll 16
      for (int r = 0; r < rows; r++)
        sums[r] = add_scaled(sums[r], block_sum(w, q + r * BLOCK, start[r]), rowScales[r], offsets[r], scale);
      codes += INT4_BLOCK_BYTES;
      scales += PANEL;
      q += rows * BLOCK;
      rowScales += rows;
      offsets += rows;
      start += rows;
    }
    for (int r = 0; r < rows; r++) store_floats(t->y + r * t->ldy + half * LANES, sums[r]);
  }
}

#define INT4_TILE(R) \
  static __attribute__((noinline)) void int4_tile_##R(const Tile *t) { int4_tile_of(t, R); }
