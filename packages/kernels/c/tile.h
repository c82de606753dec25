// Small products for kernels that multiply within themselves:  C [rows, columns] (+)= A [rows, depth] B [depth, columns].
// STRIP rows by up to PANEL vectors of columns are held in registers over the whole depth: 24 accumulators of 32 registers with
// AVX-512 (10 loads for 24 multiplications), 12 of 16 with AVX2 (8 for 12). A is read element by element, so that it may also be
// a transpose; B along its rows, so that those must be whole vectors long: pad or pack them.
#pragma once
#include "vec.h"
#include <stdbool.h>

enum { STRIP = 6, PANEL = WIDTH == 16 ? 4 : 2 };

INLINE size_t round_up(size_t n, size_t unit) { return (n + unit - 1) / unit * unit; }

// Element [i, k] is at data[i * row + k * step].
typedef struct {
  const float *data;
  size_t row, step;
} Left;

INLINE void tile_of(const size_t vectors, size_t depth, Left a, const float *b, size_t b_row, float *c, size_t c_row, bool add) {
  Vec sums[STRIP][PANEL];
#pragma GCC unroll 6
  for (size_t i = 0; i < STRIP; i++)
#pragma GCC unroll 4
    for (size_t v = 0; v < vectors; v++) sums[i][v] = add ? vec_load(c + i * c_row + v * WIDTH) : vec_zero();
  for (size_t k = 0; k < depth; k++) {
    Vec right[PANEL];
#pragma GCC unroll 4
    for (size_t v = 0; v < vectors; v++) right[v] = vec_load(b + k * b_row + v * WIDTH);
#pragma GCC unroll 6
    for (size_t i = 0; i < STRIP; i++) {
      Vec left = vec_all(a.data[i * a.row + k * a.step]);
#pragma GCC unroll 4
      for (size_t v = 0; v < vectors; v++) sums[i][v] = vec_fma(left, right[v], sums[i][v]);
    }
  }
#pragma GCC unroll 6
  for (size_t i = 0; i < STRIP; i++)
#pragma GCC unroll 4
    for (size_t v = 0; v < vectors; v++) vec_store(c + i * c_row + v * WIDTH, sums[i][v]);
}

// `rows` is a multiple of STRIP; B and C are `vectors` vectors wide, and their rows `b_row` and `c_row` floats apart.
static void tile_product(size_t rows, size_t vectors, size_t depth, Left a, const float *b, size_t b_row, float *c, size_t c_row, bool add) {
  for (size_t v = 0; v < vectors; v += PANEL) {
    for (size_t i = 0; i < rows; i += STRIP) {
      Left strip = {a.data + i * a.row, a.row, a.step};
      const float *right = b + v * WIDTH;
      float *to = c + i * c_row + v * WIDTH;
      switch (vectors - v) {
        case 1: tile_of(1, depth, strip, right, b_row, to, c_row, add); break;
#if defined(__AVX512F__)
        case 2: tile_of(2, depth, strip, right, b_row, to, c_row, add); break;
        case 3: tile_of(3, depth, strip, right, b_row, to, c_row, add); break;
#endif
        default: tile_of(PANEL, depth, strip, right, b_row, to, c_row, add);
      }
    }
  }
}

// x [rows, columns] as y [all_rows, padded], with zeros at its right and below; `padded` is whole vectors.
static void pad_rows(const float *x, size_t rows, size_t columns, float *y, size_t all_rows, size_t padded) {
  for (size_t i = 0; i < all_rows; i++)
    for (size_t j = 0; j < padded; j += WIDTH)
      vec_store(y + i * padded + j, i < rows && j < columns ? vec_load_part(x + i * columns + j, columns - j) : vec_zero());
}

// x [rows, columns] as its transpose y [columns, padded], with zeros at its right; `padded` is a multiple of 8.
static void pad_transposed(const float *x, size_t rows, size_t columns, float *y, size_t padded) {
  for (size_t i = 0; i < padded; i += 8) {
    size_t j = 0;
    if (i + 8 <= rows)
      for (; j + 8 <= columns; j += 8) transpose_8x8(x + i * columns + j, columns, y + j * padded + i, padded);
    for (; j < columns; j++)
      for (size_t lane = 0; lane < 8; lane++) y[j * padded + i + lane] = i + lane < rows ? x[(i + lane) * columns + j] : 0;
  }
}
