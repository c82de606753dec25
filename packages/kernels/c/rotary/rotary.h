// Rotary position embedding with the transposition beside it. B rows of L tokens, H heads of width S, half = S / 2, j < half, and
// c, s the cosines and sines at the token's position:
//   y[j] = x[j] c[j] - x[j + half] s[j],   y[j + half] = x[j + half] c[j] + x[j] s[j]
// Splitting, x is [B, L, H, S] as a projection gives it and y is [B, H, L, S] as attention takes it. Merging is the gradient: x and y
// change layouts, and the angle is the opposite.
// Operations: 3 an element. Bytes: 8 an element, once, where a rotation and a transposition of their own take 16.
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "../pool.h"

typedef struct {
  size_t batch, length, heads, size;
  bool merges;
  const float *x, *cos, *sin; // tables [positions, S / 2]
  const int32_t *positions;   // [B, L], rows of the tables
  float *y;
} Rotary;

typedef void RotaryKernel(Pool *, const Rotary *);
RotaryKernel rotary_scalar, rotary_avx2, rotary_avx512;

// Where head h of token t lies when the heads of a token follow each other, and when the tokens of a head do.
static inline size_t rotary_by_token(const Rotary *a, size_t t, size_t h) { return (t * a->heads + h) * a->size; }
static inline size_t rotary_by_head(const Rotary *a, size_t t, size_t h) {
  return ((t / a->length * a->heads + h) * a->length + t % a->length) * a->size;
}
