// The definition: a row of scores at a time, by plain loops. A task is a thread's share of the pairs of b and h.
#include "attention.h"
#include "../float-math.h"

typedef struct {
  const Attention *a;
  float *scratch;
  size_t threads;
} Work;

// The scores of row `r` of pair `pair`.
static void scores_of(const Attention *a, size_t pair, size_t r, float *s) {
  const float *q = a->q + (pair * a->rows + r) * a->size;
  const float *k = a->k + pair * a->keys * a->size;
  const float *bias = a->bias ? a->bias + pair / a->heads * a->bias_batch + r % a->queries * a->bias_query : NULL;
  for (size_t j = 0; j < a->keys; j++) {
    float sum = 0;
    for (size_t c = 0; c < a->size; c++) sum += q[c] * k[j * a->size + c];
    s[j] = bias ? sum + bias[j] : sum;
  }
}

static void forward_pair(const Attention *a, size_t pair, float *s) {
  const float *v = a->v + pair * a->keys * a->size;
  for (size_t r = 0; r < a->rows; r++) {
    scores_of(a, pair, r, s);
    float top = -INFINITY, sum = 0;
    for (size_t j = 0; j < a->keys; j++) top = s[j] > top ? s[j] : top;
    for (size_t j = 0; j < a->keys; j++) sum += s[j] = float_exp(s[j] - top);
    a->softmax[2 * (pair * a->rows + r)] = top;
    a->softmax[2 * (pair * a->rows + r) + 1] = 1 / sum;
    float *o = a->o + (pair * a->rows + r) * a->size;
    for (size_t c = 0; c < a->size; c++) {
      float mixed = 0;
      for (size_t j = 0; j < a->keys; j++) mixed += s[j] * v[j * a->size + c];
      o[c] = mixed / sum;
    }
  }
}

static void backward_pair(const Attention *a, size_t pair, float *p) {
  const size_t size = a->size, from = pair * a->keys * size;
  const float *k = a->k + from, *v = a->v + from;
  float *dk = a->dk + from, *dv = a->dv + from;
  for (size_t i = 0; i < a->keys * size; i++) dk[i] = dv[i] = 0;
  for (size_t r = 0; r < a->rows; r++) {
    const size_t row = (pair * a->rows + r) * size;
    const float *q = a->q + row, *o = a->o + row, *g = a->g + row;
    const float *softmax = a->softmax + 2 * (pair * a->rows + r);
    float *dq = a->dq + row, along = 0;
    for (size_t c = 0; c < size; c++) along += g[c] * o[c], dq[c] = 0;
    scores_of(a, pair, r, p);
    for (size_t j = 0; j < a->keys; j++) {
      float probability = float_exp(p[j] - softmax[0]) * softmax[1], dp = 0;
      for (size_t c = 0; c < size; c++) {
        dp += g[c] * v[j * size + c];
        dv[j * size + c] += probability * g[c];
      }
      float ds = probability * (dp - along);
      for (size_t c = 0; c < size; c++) {
        dq[c] += ds * k[j * size + c];
        dk[j * size + c] += ds * q[c];
      }
    }
  }
}

static void forward_thread(void *data, size_t thread) {
  const Work *work = data;
  for (size_t pair = thread; pair < work->a->count; pair += work->threads) forward_pair(work->a, pair, work->scratch + thread * work->a->keys);
}

static void backward_thread(void *data, size_t thread) {
  const Work *work = data;
  for (size_t pair = thread; pair < work->a->count; pair += work->threads) backward_pair(work->a, pair, work->scratch + thread * work->a->keys);
}

void attention_scalar(Pool *pool, const Attention *a, float *scratch) {
  Work work = {a, scratch, pool->threads};
  pool->run(pool, forward_thread, &work, pool->threads);
}

void attention_backward_scalar(Pool *pool, const Attention *a, float *scratch) {
  Work work = {a, scratch, pool->threads};
  pool->run(pool, backward_thread, &work, pool->threads);
}
