// The definition, by plain loops; a task is a token.
#include "rotary.h"

static void token(void *data, size_t t) {
  const Rotary *a = data;
  const size_t half = a->size / 2, row = (size_t)a->positions[t] * half;
  for (size_t h = 0; h < a->heads; h++) {
    const size_t by_token = rotary_by_token(a, t, h), by_head = rotary_by_head(a, t, h);
    const float *x = a->x + (a->merges ? by_head : by_token);
    float *y = a->y + (a->merges ? by_token : by_head);
    for (size_t j = 0; j < half; j++) {
      const float c = a->cos[row + j], s = a->merges ? -a->sin[row + j] : a->sin[row + j];
      y[j] = x[j] * c - x[j + half] * s;
      y[j + half] = x[j + half] * c + x[j] * s;
    }
  }
}

void rotary_scalar(Pool *pool, const Rotary *a) { pool->run(pool, token, (void *)a, a->batch * a->length); }
