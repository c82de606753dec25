// Every operator of the library: a new kernel is one more line.
#pragma once
#include "custom-op.h"

#define OPERATORS(X) \
  X(adamw_op) \
  X(gemm_bf16_op) \
  X(int4_panels_op) \
  X(int8_panels_op) \
  X(quantized_linear_op) \
  X(sample_tokens_op)

#define DECLARE(op) extern const CustomOp op;
OPERATORS(DECLARE)
#undef DECLARE
