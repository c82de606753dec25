// Sixteen parameters at a time; a mask covers what is left over.
#include <immintrin.h>
#include "adamw.h"

enum { LANES = 16 };

static __mmask16 mask_of(size_t left) { return left >= LANES ? 0xffff : (__mmask16)((1u << left) - 1); }

static __m512d add_squares(__m512d sum, __m256 eight) {
  const __m512d wide = _mm512_cvtps_pd(eight);
  return _mm512_fmadd_pd(wide, wide, sum);
}

static double sum_squares(const float *g, size_t count) {
  __m512d low = _mm512_setzero_pd(), high = low;
  for (size_t i = 0; i < count; i += LANES) {
    const __m512 x = _mm512_maskz_loadu_ps(mask_of(count - i), g + i);
    low = add_squares(low, _mm512_castps512_ps256(x));
    high = add_squares(high, _mm512_extractf32x8_ps(x, 1));
  }
  return _mm512_reduce_add_pd(_mm512_add_pd(low, high));
}

static void update(const AdamWParameter *a, const AdamWFactors *f) {
  const __m512 keep_m = _mm512_set1_ps(f->keep_m), add_m = _mm512_set1_ps(f->add_m), keep_v = _mm512_set1_ps(f->keep_v);
  const __m512 add_v = _mm512_set1_ps(f->add_v), keep_p = _mm512_set1_ps(a->decays ? f->keep_p : 1);
  const __m512 step_size = _mm512_set1_ps(f->step_size), smallest = _mm512_set1_ps(f->smallest);
  for (size_t i = 0; i < a->size; i += LANES) {
    const __mmask16 mask = mask_of(a->size - i);
    const __m512 g = _mm512_maskz_loadu_ps(mask, a->g + i);
    const __m512 m = _mm512_fmadd_ps(_mm512_maskz_loadu_ps(mask, a->m + i), keep_m, _mm512_mul_ps(g, add_m));
    const __m512 v = _mm512_fmadd_ps(_mm512_maskz_loadu_ps(mask, a->v + i), keep_v, _mm512_mul_ps(_mm512_mul_ps(g, g), add_v));
    const __m512 change = _mm512_div_ps(_mm512_mul_ps(step_size, m), _mm512_add_ps(_mm512_sqrt_ps(v), smallest));
    const __m512 p = _mm512_fmsub_ps(_mm512_maskz_loadu_ps(mask, a->p + i), keep_p, change);
    _mm512_mask_storeu_ps(a->m_out + i, mask, m);
    _mm512_mask_storeu_ps(a->v_out + i, mask, v);
    _mm512_mask_storeu_ps(a->p_out + i, mask, p);
  }
}

const AdamWLoops adamw_avx512 = {sum_squares, update};
