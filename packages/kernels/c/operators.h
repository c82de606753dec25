// Every operator of the library: a new kernel is one more line.
#pragma once
#include "custom-op.h"

#define OPERATORS(X) \
  X(adamw_op)

#define DECLARE(op) extern const CustomOp op;
OPERATORS(DECLARE)
#undef DECLARE
