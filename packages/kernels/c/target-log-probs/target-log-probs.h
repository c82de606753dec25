// The log-probabilities of one target per row under a linear head, without the logits of all rows and words at once. M rows of width D,
// V words:
//   l = x w^T,   z_i = ln sum exp(l_i),   y_i = l[i, target_i] - z_i                          forward
//   dl = g (onehot(target) - exp(l - z)),   dx = dl w,   dw = dl^T x                        backward; l is computed again
// Words are taken in blocks, shared out among the threads beforehand: a share keeps the largest logit and the sum of each row, and its dx.
// Operations: 2 M V D forward, 6 M V D backward, one exponential for each of M V logits in either.
// Bytes: 4 (M D + V D) forward, 8 (M D + V D) backward, where logits that are kept cost 4 M V, several times.
#pragma once
#include <stddef.h>
#include <stdint.h>
#include "../pool.h"

typedef struct {
  size_t rows, words, size; // M, V, D
  const float *x, *w;       // [M, D], [V, D]
  const int32_t *targets;   // [M], from 0 to V - 1
  float *y, *z;             // [M]
  const float *g;           // of y, [M]
  float *dx, *dw;
} TargetLogProbs;

// Blocks that the vector forms work in: whole strips (tile.h), also of a transpose, and whole vectors.
enum { LOGIT_ROWS = 96, LOGIT_WORDS = 192 };

static inline size_t target_log_probs_padded(size_t size) { return (size + 15) / 16 * 16; }

// Floats of scratch memory: x once; for each thread a block of words twice, its logits, and its sums for each row.
static inline size_t target_log_probs_scratch(const TargetLogProbs *a, size_t threads) {
  const size_t rows = (a->rows + LOGIT_ROWS - 1) / LOGIT_ROWS * LOGIT_ROWS;
  return rows * target_log_probs_padded(a->size) + threads * (LOGIT_WORDS * a->size + LOGIT_ROWS * LOGIT_WORDS + 2 * rows);
}
static inline size_t target_log_probs_backward_scratch(const TargetLogProbs *a, size_t threads) {
  const size_t rows = (a->rows + LOGIT_ROWS - 1) / LOGIT_ROWS * LOGIT_ROWS, size = target_log_probs_padded(a->size);
  return rows * size + threads * (LOGIT_WORDS * (a->size + 2 * size) + LOGIT_ROWS * LOGIT_WORDS + rows * size);
}

typedef void TargetLogProbsKernel(Pool *, const TargetLogProbs *, float *scratch);
TargetLogProbsKernel target_log_probs_scalar, target_log_probs_avx2, target_log_probs_avx512;
TargetLogProbsKernel target_log_probs_backward_scalar, target_log_probs_backward_avx2, target_log_probs_backward_avx512;
