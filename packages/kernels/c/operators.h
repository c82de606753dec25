// Every operator of the library: a new kernel is one more line.
#pragma once
#include "custom-op.h"

#define OPERATORS(X) \
  X(adamw_op) \
  X(add_rows_op) \
  X(attention_backward_op) \
  X(attention_op) \
  X(gemm_op) \
  X(int4_panels_op) \
  X(int8_panels_op) \
  X(quantized_linear_op) \
  X(rms_norm_backward_op) \
  X(rms_norm_op) \
  X(rotary_op) \
  X(sample_tokens_op) \
  X(swiglu_backward_op) \
  X(swiglu_op) \
  X(target_log_probs_backward_op) \
  X(target_log_probs_op)

#define DECLARE(op) extern const CustomOp op;
OPERATORS(DECLARE)
#undef DECLARE
