// A task is TOKENS tokens, whose table rows stay near for all heads.
#include "../vec.h"
#include "rotary.h"

enum { TOKENS = 16 };

static void rotate_token(const Rotary *a, size_t t) {
  const size_t half = a->size / 2;
  const float *cosines = a->cos + (size_t)a->positions[t] * half, *sines = a->sin + (size_t)a->positions[t] * half;
  for (size_t h = 0; h < a->heads; h++) {
    const size_t by_token = rotary_by_token(a, t, h), by_head = rotary_by_head(a, t, h);
    const float *x = a->x + (a->merges ? by_head : by_token);
    float *y = a->y + (a->merges ? by_token : by_head);
    for (size_t j = 0; j < half; j += WIDTH) {
      const size_t left = half - j;
      const Vec c = vec_load_part(cosines + j, left), table = vec_load_part(sines + j, left);
      const Vec s = a->merges ? vec_sub(vec_zero(), table) : table;
      const Vec low = vec_load_part(x + j, left), high = vec_load_part(x + half + j, left);
      vec_store_part(y + j, vec_fnma(high, s, vec_mul(low, c)), left);
      vec_store_part(y + half + j, vec_fma(low, s, vec_mul(high, c)), left);
    }
  }
}

static void rotate_tokens(void *data, size_t task) {
  const Rotary *a = data;
  const size_t tokens = a->batch * a->length;
  for (size_t t = task * TOKENS; t < (task + 1) * TOKENS && t < tokens; t++) rotate_token(a, t);
}

void ROTARY(Pool *pool, const Rotary *a) { pool->run(pool, rotate_tokens, (void *)a, (a->batch * a->length + TOKENS - 1) / TOKENS); }
