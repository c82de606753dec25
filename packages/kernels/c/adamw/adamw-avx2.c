// Eight parameters at a time; what is left over is done as in the definition.
#include <immintrin.h>
#include <math.h>
#include "adamw.h"

enum { LANES = 8 };

// Squares are added as doubles: floats of a piece could overflow where the sum of all does not.
static __m256d add_squares(__m256d sum, __m128 four) {
  const __m256d wide = _mm256_cvtps_pd(four);
  return _mm256_fmadd_pd(wide, wide, sum);
}

static double sum_squares(const float *g, size_t count) {
  __m256d low = _mm256_setzero_pd(), high = low;
  size_t i = 0;
  for (; i + LANES <= count; i += LANES) {
    low = add_squares(low, _mm_loadu_ps(g + i));
    high = add_squares(high, _mm_loadu_ps(g + i + 4));
  }
  double parts[4], sum = 0;
  _mm256_storeu_pd(parts, _mm256_add_pd(low, high));
  for (; i < count; i++) sum += (double)g[i] * g[i];
  return sum + parts[0] + parts[1] + parts[2] + parts[3];
}

static void update(const AdamWParameter *a, const AdamWFactors *f) {
  const float keep_one = a->decays ? f->keep_p : 1;
  const __m256 keep_m = _mm256_set1_ps(f->keep_m), add_m = _mm256_set1_ps(f->add_m), keep_v = _mm256_set1_ps(f->keep_v);
  const __m256 add_v = _mm256_set1_ps(f->add_v), keep_p = _mm256_set1_ps(keep_one), step_size = _mm256_set1_ps(f->step_size);
  const __m256 smallest = _mm256_set1_ps(f->smallest);
  size_t i = 0;
  for (; i + LANES <= a->size; i += LANES) {
    const __m256 g = _mm256_loadu_ps(a->g + i);
    const __m256 m = _mm256_fmadd_ps(_mm256_loadu_ps(a->m + i), keep_m, _mm256_mul_ps(g, add_m));
    const __m256 v = _mm256_fmadd_ps(_mm256_loadu_ps(a->v + i), keep_v, _mm256_mul_ps(_mm256_mul_ps(g, g), add_v));
    const __m256 change = _mm256_div_ps(_mm256_mul_ps(step_size, m), _mm256_add_ps(_mm256_sqrt_ps(v), smallest));
    const __m256 p = _mm256_fmsub_ps(_mm256_loadu_ps(a->p + i), keep_p, change);
    _mm256_storeu_ps(a->m_out + i, m);
    _mm256_storeu_ps(a->v_out + i, v);
    _mm256_storeu_ps(a->p_out + i, p);
  }
  for (; i < a->size; i++) {
    const float g = a->g[i];
    const float m = fmaf(a->m[i], f->keep_m, g * f->add_m);
    const float v = fmaf(a->v[i], f->keep_v, g * g * f->add_v);
    a->m_out[i] = m;
    a->v_out[i] = v;
    a->p_out[i] = fmaf(a->p[i], keep_one, -(f->step_size * m / (sqrtf(v) + f->smallest)));
  }
}

const AdamWLoops adamw_avx2 = {sum_squares, update};
