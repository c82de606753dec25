// A task is COLUMNS columns: four lines of memory of each row.
#include <string.h>
#include "../vec.h"
#include "add-rows.h"

enum { COLUMNS = 64 };

static void add_columns(void *data, size_t task) {
  const AddRows *a = data;
  const size_t from = task * COLUMNS, count = a->width - from < COLUMNS ? a->width - from : COLUMNS;
  for (size_t row = 0; row < a->rows; row++) memset(a->table + row * a->width + from, 0, count * sizeof(float));
  for (size_t i = 0; i < a->count; i++) {
    if (a->indices[i] < 0 || (size_t)a->indices[i] >= a->rows) continue;
    float *row = a->table + (size_t)a->indices[i] * a->width + from;
    const float *g = a->g + i * a->width + from;
    for (size_t c = 0; c < count; c += WIDTH) vec_store_part(row + c, vec_add(vec_load_part(row + c, count - c), vec_load_part(g + c, count - c)), count - c);
  }
}

void ADD_ROWS(Pool *pool, const AddRows *a) { pool->run(pool, add_columns, (void *)a, (a->width + COLUMNS - 1) / COLUMNS); }
