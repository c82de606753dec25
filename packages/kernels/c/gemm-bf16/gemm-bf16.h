// Matrix products of operands that are rounded to bfloat16, summed in float32; for each matrix of a batch
//
//   c_ij = sum_l bf16(a_il) bf16(b_lj),   op(A) [m, k], op(B) [k, n], C [m, n]
//
// bf16(x) is the nearest number with eight bits of significand, ties to even. A, B and C are float32 in memory: the numerics of
// PyTorch's autocast, but that C is not rounded.
//
// Operations: 2 m n k. Bytes: 4 (m k + k n + m n), and each operand twice more in the caches, packed: written and read.
// A core with AVX512_BF16 does 64 multiplications in an instruction; with FMA on rounded float32, AVX-512 does 16 and AVX2 8.
//
// Instruction sets differ in the order of the sums over k, and so in the last bits; numbers below 2^-126 may count as zero.
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
} GemmBf16;

// The product on one instruction set.
typedef struct {
  size_t (*scratch)(const GemmBf16 *g, size_t threads); // bytes that `run` wants, aligned to 64
  void (*run)(Pool *pool, const GemmBf16 *g, void *scratch);
} GemmBf16Form;

extern const GemmBf16Form gemm_bf16_scalar, gemm_bf16_avx2, gemm_bf16_avx512, gemm_bf16_bf16;
