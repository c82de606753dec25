// Matrix products, for each matrix of a batch
//
//   c_ij = sum_l a_il b_lj,   op(A) [m, k], op(B) [k, n], C [m, n],
//
// of float32, or of operands that are rounded to bfloat16 first: to the nearest number with eight bits of significand, ties to
// even. A, B and C are float32 in memory, and sums are float32 too: rounded operands give the numerics of PyTorch's autocast, but
// that C is not rounded.
//
// Operations: 2 m n k. Bytes: 4 (m k + k n + m n), and each operand twice more in the caches, packed: written and read.
// With FMA a core does 16 multiplications in an instruction on AVX-512 and 8 on AVX2; of bfloat16, with AVX512_BF16, 64.
//
// The order of a sum follows from k, and from whether rows are few (thin.h), not from the other sizes or the threads. Instruction
// sets differ in it, and so in the last bits; where bfloat16 is multiplied, numbers below 2^-126 may count as zero.
#pragma once
#include <stddef.h>
#include "../pool.h"

typedef struct {
  const float *a; // [m, k], or [k, m] if trans_a
  const float *b; // [k, n], or [n, k] if trans_b
  float *c;       // [m, n]
  size_t batch, m, n, k;
  size_t stride_a, stride_b; // floats from one matrix of the batch to the next; 0: one matrix for all
  int trans_a, trans_b;
} Gemm;

// The product on one instruction set.
typedef struct {
  size_t (*scratch)(const Gemm *g, size_t threads); // bytes that `run` wants, aligned to 64
  void (*run)(Pool *pool, const Gemm *g, void *scratch);
} GemmForm;

extern const GemmForm gemm_float32_scalar, gemm_float32_avx2, gemm_float32_avx512;
extern const GemmForm gemm_bf16_scalar, gemm_bf16_avx2, gemm_bf16_avx512, gemm_bf16_bf16;
