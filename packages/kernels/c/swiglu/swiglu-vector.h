// A task is CHUNK elements.
#include "../vec.h"
#include "swiglu.h"

enum { CHUNK = 16384 };

INLINE Vec sigmoid(Vec a) { return vec_div(vec_all(1), vec_add(vec_all(1), vec_exp(vec_sub(vec_zero(), a)))); }

INLINE void forward_at(const Swiglu *x, size_t i, size_t left) {
  const Vec a = vec_load_part(x->a + i, left);
  vec_store_part(x->out + i, vec_mul(vec_mul(a, sigmoid(a)), vec_load_part(x->b + i, left)), left);
}

INLINE void backward_at(const Swiglu *x, size_t i, size_t left) {
  const Vec a = vec_load_part(x->a + i, left), g = vec_load_part(x->g + i, left), s = sigmoid(a), y = vec_mul(a, s);
  const Vec slope = vec_fma(s, vec_sub(vec_all(1), y), y);
  vec_store_part(x->da + i, vec_mul(vec_mul(g, vec_load_part(x->b + i, left)), slope), left);
  vec_store_part(x->db + i, vec_mul(g, y), left);
}

static void forward_chunk(void *data, size_t chunk) {
  const Swiglu *x = data;
  const size_t end = (chunk + 1) * CHUNK < x->size ? (chunk + 1) * CHUNK : x->size;
  for (size_t i = chunk * CHUNK; i < end; i += WIDTH) forward_at(x, i, end - i);
}

static void backward_chunk(void *data, size_t chunk) {
  const Swiglu *x = data;
  const size_t end = (chunk + 1) * CHUNK < x->size ? (chunk + 1) * CHUNK : x->size;
  for (size_t i = chunk * CHUNK; i < end; i += WIDTH) backward_at(x, i, end - i);
}

void FORWARD(Pool *pool, const Swiglu *x) { pool->run(pool, forward_chunk, (void *)x, (x->size + CHUNK - 1) / CHUNK); }

void BACKWARD(Pool *pool, const Swiglu *x) { pool->run(pool, backward_chunk, (void *)x, (x->size + CHUNK - 1) / CHUNK); }
