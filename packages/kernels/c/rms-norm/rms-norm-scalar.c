// The definition, by plain loops on one thread.
#include "rms-norm.h"
#include <math.h>

void rms_norm_scalar(Pool *pool, const RmsNorm *a, float *sums) {
  (void)pool, (void)sums;
  for (size_t i = 0; i < a->rows; i++) {
    const float *x = a->x + i * a->size;
    float squares = 0;
    for (size_t c = 0; c < a->size; c++) squares += x[c] * x[c];
    a->r[i] = 1 / sqrtf(squares / (float)a->size + a->eps);
    for (size_t c = 0; c < a->size; c++) a->y[i * a->size + c] = x[c] * a->r[i] * a->w[c];
  }
}

void rms_norm_backward_scalar(Pool *pool, const RmsNorm *a, float *sums) {
  (void)pool, (void)sums;
  for (size_t c = 0; c < a->size; c++) a->dw[c] = 0;
  for (size_t i = 0; i < a->rows; i++) {
    const float *x = a->x + i * a->size, *g = a->g + i * a->size;
    const float r = a->r[i];
    float along = 0;
    for (size_t c = 0; c < a->size; c++) {
      along += g[c] * a->w[c] * x[c] * r;
      a->dw[c] += g[c] * x[c] * r;
    }
    along /= (float)a->size;
    for (size_t c = 0; c < a->size; c++) a->dx[i * a->size + c] = r * (g[c] * a->w[c] - x[c] * r * along);
  }
}
