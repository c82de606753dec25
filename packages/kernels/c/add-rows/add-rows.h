// The gradient of reading rows of a table: zeros [V, W], to which row i of g [M, W] is added at row indices[i].
// Operations: M W. Bytes: 4 V W written, 12 M W. Threads have a share of the columns each, so that equal indices never meet and the
// order of the sums does not depend on them.
#pragma once
#include <stddef.h>
#include <stdint.h>
#include "../pool.h"

typedef struct {
  size_t count, rows, width; // M, V, W
  const int32_t *indices;    // from 0 to V - 1; others are passed over
  const float *g;
  float *table;
} AddRows;

typedef void AddRowsKernel(Pool *, const AddRows *);
AddRowsKernel add_rows_scalar, add_rows_avx2, add_rows_avx512;
