// A token for each row of logits x [m, n], and how sure it is:
//   s = max((x - max x) / T, -1e30),  e = exp(s),  p = e / sum e         T = 1 where the temperature is 0
// Kept, in the order of falling s and of equal ones by index: those before which at most top-p of p lies, and those whose s is at
// least the k-th largest. Total: their e. The token is the first whose e, with those before it, is more than u times the total, and at
// temperature 0 the first of all. Rows without a filter are drawn in the order of the index.
//   scores [5, m]: token;  its e / total;  of the first two kept, the difference;  exp(x - max x) of the token / sum;
//   entropy, log total - sum of kept e s / total
// Nothing is sorted: the place where a sum passes a bound is found by cutting the range of s in 16, again and again, and keeping
// the one part in which it lies.
//
// Operations: about 25 a logit, and 35 more for each place that is looked for. Bytes: 4 m n, and 20 n of scratch that stays in caches.
#pragma once
#include <stddef.h>
#include <stdint.h>
#include "../pool.h"

enum { CUTS = 16, STRETCH = 512, SCORES = 5 };

typedef struct {
  size_t m, n;
  int draws; // 0: the most likely token at any temperature
  const float *logits, *temperature, *uniforms, *top_p; // all but the logits [m]
  const int32_t *top_k;
  const uint8_t *is_whole;
  float *scores;
} SampleTokens;

// A row's numbers; `index` is absent where they are all there.
typedef struct {
  float *s, *e;
  int32_t *index;
  size_t count;
} Words;

typedef struct {
  double e, es;
} Sums;

// The loops over all words, for an instruction set.
typedef struct {
  float (*largest)(const float *x, size_t count);
  size_t (*find)(const float *x, size_t count, float value); // the first that is equal; `count` if none is
  void (*scale)(const float *x, size_t count, float largest, float temperature, Words out);
  double (*sum)(const float *e, size_t count);                            // at most a stretch
  double (*sum_exp)(const float *x, size_t count, float largest);         // of exp(x - largest)
  Sums (*sums_above)(const float *s, const float *e, size_t count, float limit); // over s > limit
  // Sums of e, or numbers of words where it is absent, over s >= each of the cuts.
  void (*sums_from)(const float *s, const float *e, size_t count, const float cuts[CUTS], double sums[CUTS]);
  // Those with low <= s < high, in their order; `to` may be `from`. Returns how many.
  size_t (*between)(Words from, float low, float high, Words to);
} SampleLoops;

extern const SampleLoops sample_scalar, sample_avx2, sample_avx512;

size_t sample_scratch_bytes(size_t n, size_t threads);
void sample_tokens(Pool *pool, const SampleLoops *loops, const SampleTokens *problem, void *scratch);
