// Root-mean-square norm of R rows of width D, and its gradient:
//   r = 1 / sqrt(mean(x^2) + eps),   y = w x r                                              forward
//   n = x r,   dx = r (g w - n mean(g w n)),   dw = sum over rows of g n                    backward
// Operations: 5 R D forward, 10 R D backward. Bytes: 8 R D forward, 12 R D backward: memory bounds both.
#pragma once
#include <stddef.h>
#include "../pool.h"

typedef struct {
  size_t rows, size; // R, D
  float eps;
  const float *x, *w; // [R, D], [D]
  float *y, *r;       // [R, D], [R]
  const float *g;     // [R, D]
  float *dx, *dw;     // [R, D], [D]
} RmsNorm;

// `sums` is D floats for each thread of the pool; only the backward pass reads it.
typedef void RmsNormKernel(Pool *, const RmsNorm *, float *sums);
RmsNormKernel rms_norm_scalar, rms_norm_avx2, rms_norm_avx512;
RmsNormKernel rms_norm_backward_scalar, rms_norm_backward_avx2, rms_norm_backward_avx512;
