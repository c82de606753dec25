// The product with pairs of bfloat16 for words. To be included after
//   rounded_pairs(low, high)   32 float32 as 32 bfloat16, those of `low` in the lower half
//   dot(sums, a, b)            sums + the products of the pairs' first and second numbers
enum { K_PER_WORD = 2 };

INLINE Words words_along(const float *p, size_t count) {
  return rounded_pairs(load_floats(p, count), count > LANES ? load_floats(p + LANES, count - LANES) : _mm512_setzero_ps());
}

// `second` is NULL where k ends with the first number of a pair.
INLINE Words words_across(const float *first, const float *second, size_t count) {
  const __m512i order = _mm512_set_epi16(31, 15, 30, 14, 29, 13, 28, 12, 27, 11, 26, 10, 25, 9, 24, 8, 23, 7, 22, 6, 21, 5, 20, 4, 19, 3, 18, 2, 17, 1, 16, 0);
  return _mm512_permutexvar_epi16(order, rounded_pairs(load_floats(first, count), second ? load_floats(second, count) : _mm512_setzero_ps()));
}

#include "blocked.h"
