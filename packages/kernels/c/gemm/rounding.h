// bf16(x) as a float32, for one number at a time.
#pragma once
#include <stdint.h>
#include <string.h>

static inline float bf16_rounded(float x) {
  uint32_t bits;
  memcpy(&bits, &x, sizeof bits);
  if (x != x) bits |= 1u << 22; // a quiet NaN, whatever is cut off
  else bits += 0x7fff + (bits >> 16 & 1);
  bits &= 0xffff0000u;
  memcpy(&x, &bits, sizeof x);
  return x;
}
