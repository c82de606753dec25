// The definition, by plain loops on one thread. Logits are computed where they are wanted, twice forward and once backward.
#include "target-log-probs.h"
#include "../float-math.h"

static float logit(const TargetLogProbs *a, size_t row, size_t word) {
  float sum = 0;
  for (size_t c = 0; c < a->size; c++) sum += a->x[row * a->size + c] * a->w[word * a->size + c];
  return sum;
}

void target_log_probs_scalar(Pool *pool, const TargetLogProbs *a, float *scratch) {
  (void)pool, (void)scratch;
  for (size_t i = 0; i < a->rows; i++) {
    float top = -INFINITY, sum = 0;
    for (size_t word = 0; word < a->words; word++) {
      const float l = logit(a, i, word);
      top = l > top ? l : top;
    }
    for (size_t word = 0; word < a->words; word++) sum += float_exp(logit(a, i, word) - top);
    a->z[i] = top + float_log(sum);
    a->y[i] = logit(a, i, (size_t)a->targets[i]) - a->z[i];
  }
}

void target_log_probs_backward_scalar(Pool *pool, const TargetLogProbs *a, float *scratch) {
  (void)pool, (void)scratch;
  for (size_t i = 0; i < a->rows * a->size; i++) a->dx[i] = 0;
  for (size_t i = 0; i < a->words * a->size; i++) a->dw[i] = 0;
  for (size_t i = 0; i < a->rows; i++) {
    for (size_t word = 0; word < a->words; word++) {
      const float dl = a->g[i] * ((size_t)a->targets[i] == word) - a->g[i] * float_exp(logit(a, i, word) - a->z[i]);
      for (size_t c = 0; c < a->size; c++) {
        a->dx[i * a->size + c] += dl * a->w[word * a->size + c];
        a->dw[word * a->size + c] += dl * a->x[i * a->size + c];
      }
    }
  }
}
