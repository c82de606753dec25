// What the fuzz programs share: random numbers that are the same everywhere, pools, and the levels of this processor.
//
// They are compiled with -fsanitize=address,undefined; arrays come from malloc with exactly their size, so that a byte too far is
// caught. A program runs for seconds, prints one line, and exits with 1 where a kernel is wrong.
#pragma once
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include "cpu.h"
#include "pool.h"

// SplitMix64
static uint64_t fuzz_state = 1;
static inline uint64_t fuzz_bits(void) {
  uint64_t z = fuzz_state += 0x9e3779b97f4a7c15u;
  z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
  z = (z ^ z >> 27) * 0x94d049bb133111ebu;
  return z ^ z >> 31;
}

// From least to most, both possible.
static inline size_t fuzz_size(size_t least, size_t most) { return least + (size_t)(fuzz_bits() % (most - least + 1)); }

// Uniform in [-1, 1).
static inline float fuzz_float(void) { return (float)((int64_t)(fuzz_bits() >> 40) - (1 << 23)) / (1 << 23); }

static inline float *fuzz_floats(size_t count, float scale) {
  float *values = malloc((count > 0 ? count : 1) * sizeof *values);
  for (size_t i = 0; i < count; i++) values[i] = scale * fuzz_float();
  return values;
}

// Runs the tasks one after another, the last one first: nobody may count on their order.
static inline void fuzz_backwards(Pool *pool, void (*task)(void *, size_t), void *data, size_t count) {
  (void)pool;
  while (count > 0) task(data, --count);
}

__attribute__((unused)) static Pool fuzz_pool = {fuzz_backwards, 2};

// for (Level level = LEVEL_SCALAR; level <= fuzz_last_level(); level++)
static inline Level fuzz_last_level(void) { return cpu_detect().level; }

static inline const char *fuzz_level_name(Level level) { return (const char *[]){"scalar", "avx2", "avx512"}[level]; }

// Whether a result is right: |got - expected| <= tolerance * scale; says what is not.
static inline int fuzz_near(const char *what, double got, double expected, double tolerance, double scale) {
  if (fabs(got - expected) <= tolerance * scale) return 1;
  printf("WRONG %s: got %.9g, expected %.9g, allowed %.3g\n", what, got, expected, tolerance * scale);
  return 0;
}
