// The gate of a SwiGLU layer over N elements, and its gradient:
//   s = 1 / (1 + exp(-a)),   y = a s,   out = y b                                           forward
//   da = g b (y + s (1 - y)),   db = g y                                                    backward; s and y are computed again
// Operations: one exponential and one division an element each. Bytes: 12 N forward, 20 N backward: memory bounds both.
#pragma once
#include <stddef.h>
#include "../pool.h"

typedef struct {
  size_t size;
  const float *a, *b; // gate and up
  float *out;
  const float *g; // of out
  float *da, *db;
} Swiglu;

typedef void SwigluKernel(Pool *, const Swiglu *);
SwigluKernel swiglu_scalar, swiglu_avx2, swiglu_avx512;
SwigluKernel swiglu_backward_scalar, swiglu_backward_avx2, swiglu_backward_avx512;
