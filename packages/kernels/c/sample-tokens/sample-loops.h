// The loops of sample-tokens.h on registers of WIDTH floats. Sums are of floats over a stretch, and of doubles over stretches.
#pragma once
#include "../float-math.h"
#include "../vec.h"
#include "sample-tokens.h"

#if defined(__AVX512F__)
typedef __mmask16 Mask;
INLINE Mask at_least(Vec x, Vec y) { return _mm512_cmp_ps_mask(x, y, _CMP_GE_OQ); }
INLINE Mask more(Vec x, Vec y) { return _mm512_cmp_ps_mask(x, y, _CMP_GT_OQ); }
INLINE Mask same(Vec x, Vec y) { return _mm512_cmp_ps_mask(x, y, _CMP_EQ_OQ); }
INLINE Vec add_where(Mask mask, Vec total, Vec x) { return _mm512_mask_add_ps(total, mask, total, x); }
INLINE unsigned bits_of(Mask mask) { return mask; }
#else
typedef __m256 Mask;
INLINE Mask at_least(Vec x, Vec y) { return _mm256_cmp_ps(x, y, _CMP_GE_OQ); }
INLINE Mask more(Vec x, Vec y) { return _mm256_cmp_ps(x, y, _CMP_GT_OQ); }
INLINE Mask same(Vec x, Vec y) { return _mm256_cmp_ps(x, y, _CMP_EQ_OQ); }
INLINE Vec add_where(Mask mask, Vec total, Vec x) { return _mm256_add_ps(total, _mm256_and_ps(mask, x)); }
INLINE unsigned bits_of(Mask mask) { return (unsigned)_mm256_movemask_ps(mask); }
#endif

INLINE size_t left_of(size_t count, size_t at, size_t most) { return count - at < most ? count - at : most; }

static float largest(const float *x, size_t count) {
  Vec most = vec_all(-INFINITY);
  size_t i = 0;
  for (; i + WIDTH <= count; i += WIDTH) most = vec_max(vec_load(x + i), most); // of a NaN the second operand is kept
  if (i < count) most = vec_max(vec_first(vec_load_part(x + i, count - i), vec_all(-INFINITY), count - i), most);
  return vec_top(most);
}

static size_t find(const float *x, size_t count, float value) {
  for (size_t i = 0; i < count; i += WIDTH) {
    const size_t left = left_of(count, i, WIDTH);
    const unsigned found = bits_of(same(vec_load_part(x + i, left), vec_all(value))) & ((1u << left) - 1);
    if (found != 0) return i + (size_t)__builtin_ctz(found);
  }
  return count;
}

static void scale(const float *x, size_t count, float most, float temperature, Words out) {
  for (size_t i = 0; i < count; i += WIDTH) {
    const size_t left = left_of(count, i, WIDTH);
    Vec s = vec_sub(vec_load_part(x + i, left), vec_all(most));
    if (temperature != 1) s = vec_div(s, vec_all(temperature));
    s = vec_max(vec_all(-1e30f), s); // of a NaN the second operand is kept
    vec_store_part(out.s + i, s, left);
    vec_store_part(out.e + i, vec_exp(s), left);
  }
}

static double sum(const float *e, size_t count) {
  Vec total = vec_zero();
  for (size_t i = 0; i < count; i += WIDTH) total = vec_add(total, vec_load_part(e + i, left_of(count, i, WIDTH)));
  return vec_sum(total);
}

static double sum_exp(const float *x, size_t count, float most) {
  double sums = 0;
  for (size_t start = 0; start < count; start += STRETCH) {
    const size_t stretch = left_of(count, start, STRETCH);
    Vec total = vec_zero();
    for (size_t i = 0; i < stretch; i += WIDTH) {
      const size_t left = left_of(stretch, i, WIDTH);
      const Vec e = vec_exp(vec_sub(vec_load_part(x + start + i, left), vec_all(most)));
      total = vec_add(total, vec_first(e, vec_zero(), left));
    }
    sums += vec_sum(total);
  }
  return sums;
}

static Sums sums_above(const float *s, const float *e, size_t count, float limit) {
  Sums sums = {0, 0};
  for (size_t start = 0; start < count; start += STRETCH) {
    const size_t stretch = left_of(count, start, STRETCH);
    Vec weights = vec_zero(), products = vec_zero();
    for (size_t i = 0; i < stretch; i += WIDTH) {
      const size_t left = left_of(stretch, i, WIDTH);
      const Vec x = vec_load_part(s + start + i, left), weight = vec_load_part(e + start + i, left);
      const Mask in = more(x, vec_all(limit));
      weights = add_where(in, weights, weight); // 0 behind the end
      products = add_where(in, products, vec_mul(x, weight));
    }
    sums.e += vec_sum(weights);
    sums.es += vec_sum(products);
  }
  return sums;
}

static void sums_from(const float *s, const float *e, size_t count, const float cuts[CUTS], double sums[CUTS]) {
  for (size_t c = 0; c < CUTS; c++) sums[c] = 0;
  for (size_t start = 0; start < count; start += STRETCH) {
    const size_t stretch = left_of(count, start, STRETCH);
    Vec totals[CUTS];
    for (size_t c = 0; c < CUTS; c++) totals[c] = vec_zero();
    for (size_t i = 0; i < stretch; i += WIDTH) {
      const size_t left = left_of(stretch, i, WIDTH);
      const Vec x = vec_first(vec_load_part(s + start + i, left), vec_all(-INFINITY), left);
      const Vec weight = e == NULL ? vec_all(1) : vec_load_part(e + start + i, left);
#pragma GCC unroll 16
      for (size_t c = 0; c < CUTS; c++) totals[c] = add_where(at_least(x, vec_all(cuts[c])), totals[c], weight);
    }
    for (size_t c = 0; c < CUTS; c++) sums[c] += vec_sum(totals[c]);
  }
}

static size_t between(Words from, float low, float high, Words to) {
  size_t found = 0;
  for (size_t i = 0; i < from.count; i += WIDTH) {
    const size_t left = left_of(from.count, i, WIDTH);
    const Vec x = vec_load_part(from.s + i, left);
    unsigned in = bits_of(at_least(x, vec_all(low))) & ~bits_of(at_least(x, vec_all(high))) & ((1u << left) - 1);
    for (; in != 0; in &= in - 1) {
      const size_t at = i + (size_t)__builtin_ctz(in);
      to.index[found] = from.index == NULL ? (int32_t)at : from.index[at];
      to.e[found] = from.e[at];
      to.s[found++] = from.s[at];
    }
  }
  return found;
}
