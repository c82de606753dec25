// An operator as ONNX Runtime holds it: its callbacks, and behind them the definition that they read.
#pragma once
#include "custom-op.h"
#include "ort.h"

typedef struct {
  OrtCustomOp callbacks; // first: ONNX Runtime hands out a pointer to it
  const CustomOp *definition;
} OrtOp;

OrtOp ort_op_of(const CustomOp *definition);

static inline const CustomOp *definition_of(const OrtCustomOp *op) { return ((const OrtOp *)op)->definition; }
