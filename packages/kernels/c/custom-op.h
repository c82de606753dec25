// How a kernel becomes an operator of ONNX Runtime: what an operator says of itself, and what it may ask for.
//
// Errors are sticky. A helper that fails keeps ONNX Runtime's message and gives 0 or NULL, the helpers after it do the same, and
// the session or the run fails with the first message. So ask for everything, look at `node_failed` or `run_failed` once, and
// then touch memory.
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "cpu.h"
#include "pool.h"

// ONNXTensorElementDataType
typedef enum { NO_TENSOR = 0, FLOAT32 = 1, UINT8 = 2, INT8 = 3, INT32 = 6, INT64 = 7, BOOL = 9, BFLOAT16 = 16 } ElementType;

enum { MOST_DIMS = 8, MOST_TENSORS = 12 };

typedef struct {
  int64_t dims[MOST_DIMS];
  size_t rank;
} Shape;

typedef struct Node Node; // a node of a session that is being made
typedef struct Run Run;   // one run of such a node

typedef struct {
  const char *name; // the operator in domain "diffucoder"
  size_t size;      // of the struct that `create` fills: what the operator knows of its node
  // In order, ended by NO_TENSOR. The last one may stand for any number of them.
  ElementType inputs[MOST_TENSORS], outputs[MOST_TENSORS];
  bool variadic_inputs, variadic_outputs;
  void (*create)(void *op, Node *node);      // `op` is all zero; called once, when a session is made
  void (*compute)(const void *op, Run *run); // several threads may run one node at once
  void (*destroy)(void *op);                 // frees what `create` allocated, also after a failure; NULL: nothing
} CustomOp;

// ---- for `create` ----
Cpu node_cpu(const Node *node); // the processor, at most of the level that the node's attribute "level" names
float attribute_float(Node *node, const char *name);
int64_t attribute_int(Node *node, const char *name);
Shape attribute_shape(Node *node, const char *name);
size_t attribute_ints(Node *node, const char *name, int64_t **values); // allocates *values: `destroy` frees it
void node_fail(Node *node, const char *message);
bool node_failed(const Node *node);

// ---- for `compute` ----
size_t input_count(Run *run);
size_t output_count(Run *run);
const void *input(Run *run, size_t i);             // memory of an input: aligned for its elements, no more
void *output(Run *run, size_t i, Shape shape);     // memory of an output, which has this shape
void *scratch(Run *run, size_t bytes);             // aligned to 64 bytes, from the arena of all sessions, until `compute` returns
Pool *run_pool(Run *run);                          // ONNX Runtime's threads
void run_fail(Run *run, const char *message);
bool run_failed(const Run *run);
