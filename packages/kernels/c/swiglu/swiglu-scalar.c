// The definition, by plain loops on one thread.
#include "swiglu.h"
#include "../float-math.h"

void swiglu_scalar(Pool *pool, const Swiglu *x) {
  (void)pool;
  for (size_t i = 0; i < x->size; i++) x->out[i] = x->a[i] / (1 + float_exp(-x->a[i])) * x->b[i];
}

void swiglu_backward_scalar(Pool *pool, const Swiglu *x) {
  (void)pool;
  for (size_t i = 0; i < x->size; i++) {
    const float s = 1 / (1 + float_exp(-x->a[i])), y = x->a[i] * s, g = x->g[i], b = x->b[i];
    x->da[i] = g * b * (y + s * (1 - y));
    x->db[i] = g * y;
  }
}
