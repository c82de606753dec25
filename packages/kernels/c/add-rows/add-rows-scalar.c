// The definition, by plain loops on one thread.
#include "add-rows.h"

void add_rows_scalar(Pool *pool, const AddRows *a) {
  (void)pool;
  for (size_t i = 0; i < a->rows * a->width; i++) a->table[i] = 0;
  for (size_t i = 0; i < a->count; i++) {
    if (a->indices[i] < 0 || (size_t)a->indices[i] >= a->rows) continue;
    float *row = a->table + (size_t)a->indices[i] * a->width;
    for (size_t c = 0; c < a->width; c++) row[c] += a->g[i * a->width + c];
  }
}
