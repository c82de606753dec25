// The product with a float32 for a word. To be included after
//   word_of(floats)   the words to multiply
enum { K_PER_WORD = 1 };

INLINE Words words_along(const float *p, size_t count) { return word_of(load_floats(p, count)); }

INLINE Words words_across(const float *first, const float *second, size_t count) {
  (void)second;
  return word_of(load_floats(first, count));
}

INLINE Sums dot(Sums sums, Words a, Words b) { return add_products(sums, a, b); }

#include "blocked.h"
