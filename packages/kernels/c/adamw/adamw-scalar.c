// The definition of the loops.
#include <math.h>
#include "adamw.h"

static double sum_squares(const float *g, size_t count) {
  double sum = 0;
  for (size_t i = 0; i < count; i++) sum += (double)g[i] * g[i];
  return sum;
}

static void update(const AdamWParameter *a, const AdamWFactors *f) {
  const float keep_p = a->decays ? f->keep_p : 1;
  for (size_t i = 0; i < a->size; i++) {
    const float g = a->g[i];
    const float m = a->m[i] * f->keep_m + g * f->add_m;
    const float v = a->v[i] * f->keep_v + g * g * f->add_v;
    a->m_out[i] = m;
    a->v_out[i] = v;
    a->p_out[i] = a->p[i] * keep_p - f->step_size * m / (sqrtf(v) + f->smallest);
  }
}

const AdamWLoops adamw_scalar = {sum_squares, update};
