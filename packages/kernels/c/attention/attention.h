// Attention whose probabilities are never held (Dao et al. 2022, "FlashAttention"). For each row b of the batch and head h of keys,
// with the R = G * L rows of the G query heads that share its N keys, heads of width S:
//   s = q k^T + bias,   t = max s,   z = sum exp(s - t) along a row,   p = exp(s - t) / z,   o = p v                     forward
//   dv = p^T g,   dp = g v^T,   ds = p (dp - rowsum(g o)),   dq = ds k,   dk = ds^T q                                   backward
// Forward: rows are taken in blocks, keys in blocks; the largest score and the sum so far of each row correct what was added up before.
// Backward: s and p are computed again, block by block, from t and 1 / z. (From ln z + t alone they could not be in a row whose keys
// are all hidden by a bias of -1e9, beside which ln z is nothing.)
// Operations for each pair of b, h: 4 R N S forward, 10 R N S backward, and one exponential for each of R N scores.
// Bytes: q, k, v, o (and g, dq, dk, dv) once, 4 (2 R + 2 N) S forward, where plain attention also writes and reads 4 R N of
// probabilities several times.
#pragma once
#include "../pool.h"
#include <stddef.h>

typedef struct {
  // Pairs of b and h; how many of them follow each other in a row of the batch (the heads of keys).
  size_t count, heads;
  // R, L, N and S. Row r of R is query r % L.
  size_t rows, queries, keys, size;
  // q, o, g, dq `[count, R, S]`; k, v, dk, dv `[count, N, S]`; softmax, t and 1 / z, `[count, R, 2]`. Not scaled: that is the caller's.
  const float *q, *k, *v;
  // NULL, or element [b, query, key] at bias[b * bias_batch + query * bias_query + key]; a step is 0 where it does not differ.
  const float *bias;
  size_t bias_batch, bias_query;
  float *o, *softmax;
  const float *g;
  float *dq, *dk, *dv;
} Attention;

// Blocks that the vector forms work in. ROW_BLOCK is whole strips (tile.h); KEY_STRIPS is KEY_BLOCK in whole strips.
enum { ROW_BLOCK = 96, KEY_BLOCK = 128, KEY_STRIPS = 132 };

static inline size_t attention_blocks(const Attention *a) { return (a->keys + KEY_BLOCK - 1) / KEY_BLOCK; }

// Floats of scratch memory that one thread takes in either direction.
static inline size_t attention_scratch(const Attention *a) {
  size_t size = (a->size + 15) / 16 * 16;
  return 5 * attention_blocks(a) * KEY_STRIPS * size + ROW_BLOCK * (3 * size + 2 * KEY_BLOCK + 2) + KEY_STRIPS;
}

// `scratch` is `attention_scratch` floats for each thread of the pool.
typedef void AttentionKernel(Pool *, const Attention *, float *scratch);
AttentionKernel attention_scalar, attention_avx2, attention_avx512;
AttentionKernel attention_backward_scalar, attention_backward_avx2, attention_backward_avx512;
