// A row at a time, a vector at a time; each thread has its share of the rows, and its own sums of dw, which are then added in order.
#include <math.h>
#include <string.h>
#include "../vec.h"
#include "rms-norm.h"

typedef struct {
  const RmsNorm *a;
  size_t threads;
  float *sums;
} Work;

INLINE size_t share_of(const Work *work, size_t thread) { return thread * work->a->rows / work->threads; }

static void forward_share(void *data, size_t thread) {
  const Work *work = data;
  const RmsNorm *a = work->a;
  const size_t size = a->size;
  for (size_t i = share_of(work, thread); i < share_of(work, thread + 1); i++) {
    const float *x = a->x + i * size;
    float *y = a->y + i * size;
    Vec squares = vec_zero();
    for (size_t c = 0; c < size; c += WIDTH) {
      const Vec part = vec_load_part(x + c, size - c);
      squares = vec_fma(part, part, squares);
    }
    a->r[i] = 1 / sqrtf(vec_sum(squares) / (float)size + a->eps);
    const Vec r = vec_all(a->r[i]);
    for (size_t c = 0; c < size; c += WIDTH)
      vec_store_part(y + c, vec_mul(vec_mul(vec_load_part(x + c, size - c), r), vec_load_part(a->w + c, size - c)), size - c);
  }
}

static void backward_share(void *data, size_t thread) {
  const Work *work = data;
  const RmsNorm *a = work->a;
  const size_t size = a->size;
  float *sums = work->sums + thread * size;
  memset(sums, 0, size * sizeof(float));
  for (size_t i = share_of(work, thread); i < share_of(work, thread + 1); i++) {
    const float *x = a->x + i * size, *g = a->g + i * size;
    const Vec r = vec_all(a->r[i]);
    Vec total = vec_zero();
    for (size_t c = 0; c < size; c += WIDTH) {
      const size_t left = size - c;
      const Vec along = vec_mul(vec_load_part(g + c, left), vec_mul(vec_load_part(x + c, left), r)); // g n
      vec_store_part(sums + c, vec_add(vec_load_part(sums + c, left), along), left);
      total = vec_fma(along, vec_load_part(a->w + c, left), total);
    }
    const Vec mean = vec_all(vec_sum(total) / (float)size);
    for (size_t c = 0; c < size; c += WIDTH) {
      const size_t left = size - c;
      const Vec n = vec_mul(vec_load_part(x + c, left), r), weighted = vec_mul(vec_load_part(g + c, left), vec_load_part(a->w + c, left));
      vec_store_part(a->dx + i * size + c, vec_mul(r, vec_fnma(n, mean, weighted)), left);
    }
  }
}

void FORWARD(Pool *pool, const RmsNorm *a, float *sums) {
  Work work = {a, pool->threads, sums};
  pool->run(pool, forward_share, &work, pool->threads);
}

void BACKWARD(Pool *pool, const RmsNorm *a, float *sums) {
  Work work = {a, pool->threads, sums};
  pool->run(pool, backward_share, &work, pool->threads);
  memcpy(a->dw, sums, a->size * sizeof(float));
  for (size_t thread = 1; thread < pool->threads; thread++)
    for (size_t c = 0; c < a->size; c++) a->dw[c] += sums[thread * a->size + c];
}
