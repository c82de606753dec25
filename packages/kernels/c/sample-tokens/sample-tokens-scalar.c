#include "../float-math.h"
#include "sample-tokens.h"

static float largest(const float *x, size_t count) {
  float most = -INFINITY;
  for (size_t i = 0; i < count; i++) most = x[i] > most ? x[i] : most;
  return most;
}

static size_t find(const float *x, size_t count, float value) {
  size_t i = 0;
  while (i < count && x[i] != value) i++;
  return i;
}

static void scale(const float *x, size_t count, float most, float temperature, Words out) {
  for (size_t i = 0; i < count; i++) {
    float s = (x[i] - most) / temperature;
    out.s[i] = s < -1e30f ? -1e30f : s;
    out.e[i] = float_exp(out.s[i]);
  }
}

static double sum(const float *e, size_t count) {
  double total = 0;
  for (size_t i = 0; i < count; i++) total += e[i];
  return total;
}

static double sum_exp(const float *x, size_t count, float most) {
  double total = 0;
  for (size_t i = 0; i < count; i++) total += float_exp(x[i] - most);
  return total;
}

static Sums sums_above(const float *s, const float *e, size_t count, float limit) {
  Sums sums = {0, 0};
  for (size_t i = 0; i < count; i++)
    if (s[i] > limit) sums.e += e[i], sums.es += (double)e[i] * s[i];
  return sums;
}

static void sums_from(const float *s, const float *e, size_t count, const float cuts[CUTS], double sums[CUTS]) {
  for (size_t c = 0; c < CUTS; c++) sums[c] = 0;
  for (size_t i = 0; i < count; i++)
    for (size_t c = 0; c < CUTS; c++)
      if (s[i] >= cuts[c]) sums[c] += e == NULL ? 1 : e[i];
}

static size_t between(Words from, float low, float high, Words to) {
  size_t found = 0;
  for (size_t i = 0; i < from.count; i++)
    if (from.s[i] >= low && from.s[i] < high) {
      to.index[found] = from.index == NULL ? (int32_t)i : from.index[i];
      to.e[found] = from.e[i];
      to.s[found++] = from.s[i];
    }
  return found;
}

const SampleLoops sample_scalar = {largest, find, scale, sum, sum_exp, sums_above, sums_from, between};
