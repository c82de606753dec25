// e^x and ln x of one float in plain C: libm's expf and logf would ask for a newer glibc than the kernels need.
// Polynomials of Cephes (expf.c, logf.c).
#pragma once
#include <math.h>
#include <stdint.h>
#include <string.h>

static inline float float_power_of_two(int n) {
  uint32_t bits = (uint32_t)(n + 127) << 23;
  float x;
  memcpy(&x, &bits, sizeof x);
  return x;
}

// To 2 units in the last place; x = n ln 2 + r,  e^x = 2^n p(r).
static inline float float_exp(float x) {
  if (x != x) return x;
  if (x > 110) x = 110;
  if (x < -110) x = -110;
  int n = (int)(x * 1.44269504f + (x < 0 ? -0.5f : 0.5f));
  float r = x - n * 0.693359375f + n * 2.12194440e-4f;
  float p = 1.9875691500e-4f;
  p = p * r + 1.3981999507e-3f;
  p = p * r + 8.3334519073e-3f;
  p = p * r + 4.1665795894e-2f;
  p = p * r + 1.6666665459e-1f;
  p = p * r + 5.0000001201e-1f;
  p = p * r * r + r + 1;
  int half = n / 2; // 2^n alone may be too large for a float where the product is not
  return p * float_power_of_two(half) * float_power_of_two(n - half);
}

// Of a positive normal number, to 1 unit in the last place; x = 2^n m,  sqrt(1/2) <= m < sqrt(2),  ln x = n ln 2 + q(m - 1).
static inline float float_log(float x) {
  if (!(x > 0) || x == INFINITY) return x == 0 ? -INFINITY : x < 0 ? NAN : x;
  uint32_t bits;
  memcpy(&bits, &x, sizeof bits);
  int n = (int)(bits >> 23) - 126;
  bits = (bits & 0x7fffff) | 0x3f000000; // m in [1/2, 1)
  float m;
  memcpy(&m, &bits, sizeof m);
  if (m < 0.707106781186547524f) {
    m += m;
    n--;
  }
  float z = m - 1, square = z * z;
  float q = 7.0376836292e-2f;
  q = q * z - 1.1514610310e-1f;
  q = q * z + 1.1676998740e-1f;
  q = q * z - 1.2420140846e-1f;
  q = q * z + 1.4249322787e-1f;
  q = q * z - 1.6668057665e-1f;
  q = q * z + 2.0000714765e-1f;
  q = q * z - 2.4999993993e-1f;
  q = q * z + 3.3333331174e-1f;
  q = q * z * square - 2.12194440e-4f * n - 0.5f * square;
  return z + q + 0.693359375f * n;
}
