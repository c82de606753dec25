// Inputs: the seven factors and the loss, scalars; then p, g, m, v of each parameter.
// Outputs: p, m, v of each parameter; then the global norm, [], and the norms of all, [parameters].
// Attributes: max_grad_norm; decays, 0 or 1 for each parameter; shapes, the rank and the dims of each.
#include <stdlib.h>
#include "../custom-op.h"
#include "adamw.h"

enum { SCALARS = 8, READ = 4, WRITTEN = 3 };

typedef struct {
  const AdamWLoops *loops;
  float max_grad_norm;
  size_t count;
  Shape *shapes;
  AdamWParameter *parameters; // sizes and decays; no memory
} AdamWOp;

static size_t size_of(Shape shape) {
  size_t size = 1;
  for (size_t i = 0; i < shape.rank; i++) size *= (size_t)shape.dims[i];
  return size;
}

// Takes the next shape out of the list; false if the list is not what it should be.
static bool take_shape(const int64_t **values, size_t *left, Shape *shape) {
  if (*left == 0 || (*values)[0] < 0 || (*values)[0] > MOST_DIMS || (size_t)(*values)[0] >= *left) return false;
  shape->rank = (size_t)(*values)[0];
  for (size_t i = 0; i < shape->rank; i++) shape->dims[i] = (*values)[1 + i];
  *values += 1 + shape->rank;
  *left -= 1 + shape->rank;
  return true;
}

static bool take_parameters(AdamWOp *op, const int64_t *decays, const int64_t *shapes, size_t left) {
  op->shapes = calloc(op->count + 1, sizeof *op->shapes);
  op->parameters = calloc(op->count + 1, sizeof *op->parameters);
  if (op->shapes == NULL || op->parameters == NULL) return false;
  for (size_t i = 0; i < op->count; i++) {
    if (!take_shape(&shapes, &left, &op->shapes[i])) return false;
    op->parameters[i].size = size_of(op->shapes[i]);
    op->parameters[i].decays = decays[i] != 0;
  }
  return left == 0;
}

static void create(void *memory, Node *node) {
  AdamWOp *op = memory;
  op->loops = BEST_OF(node_cpu(node), &adamw_scalar, &adamw_avx2, &adamw_avx512);
  op->max_grad_norm = attribute_float(node, "max_grad_norm");
  int64_t *decays = NULL, *shapes = NULL;
  op->count = attribute_ints(node, "decays", &decays);
  const size_t length = attribute_ints(node, "shapes", &shapes);
  if (!node_failed(node) && !take_parameters(op, decays, shapes, length)) node_fail(node, "AdamW: decays and shapes do not fit together");
  free(decays);
  free(shapes);
}

static void destroy(void *memory) {
  AdamWOp *op = memory;
  free(op->shapes);
  free(op->parameters);
}

static float scalar(Run *run, size_t i) {
  const float *value = input(run, i);
  return value == NULL ? 0 : *value;
}

static AdamWStep read_step(const AdamWOp *op, Run *run) {
  return (AdamWStep){
      .factors = {.keep_m = scalar(run, 0),
                  .add_m = scalar(run, 1),
                  .keep_v = scalar(run, 2),
                  .add_v = scalar(run, 3),
                  .keep_p = scalar(run, 4),
                  .step_size = scalar(run, 5),
                  .smallest = scalar(run, 6)},
      .loss = scalar(run, 7),
      .max_grad_norm = op->max_grad_norm,
  };
}

static AdamWParameter parameter_at(const AdamWOp *op, Run *run, size_t i) {
  AdamWParameter parameter = op->parameters[i];
  parameter.p = input(run, SCALARS + READ * i);
  parameter.g = input(run, SCALARS + READ * i + 1);
  parameter.m = input(run, SCALARS + READ * i + 2);
  parameter.v = input(run, SCALARS + READ * i + 3);
  parameter.p_out = output(run, WRITTEN * i, op->shapes[i]);
  parameter.m_out = output(run, WRITTEN * i + 1, op->shapes[i]);
  parameter.v_out = output(run, WRITTEN * i + 2, op->shapes[i]);
  return parameter;
}

static void compute(const void *memory, Run *run) {
  const AdamWOp *op = memory;
  const AdamWStep step = read_step(op, run);
  float *norm = output(run, WRITTEN * op->count, (Shape){.rank = 0});
  float *norms_out = output(run, WRITTEN * op->count + 1, (Shape){.dims = {(int64_t)op->count}, .rank = 1});
  AdamWParameter *parameters = scratch(run, op->count * sizeof *parameters);
  float *norms = scratch(run, (op->count + 1) * sizeof *norms);
  double *sums = scratch(run, adamw_scratch(op->parameters, op->count) * sizeof *sums);
  if (run_failed(run)) return;
  for (size_t i = 0; i < op->count; i++) parameters[i] = parameter_at(op, run, i);
  if (run_failed(run)) return;
  adamw(op->loops, run_pool(run), parameters, op->count, &step, norms, sums);
  for (size_t i = 0; i < op->count; i++) norms_out[i] = norms[i];
  *norm = norms[op->count];
}

const CustomOp adamw_op = {
    .name = "AdamW",
    .size = sizeof(AdamWOp),
    .inputs = {FLOAT32, FLOAT32, FLOAT32, FLOAT32, FLOAT32, FLOAT32, FLOAT32, FLOAT32, FLOAT32},
    .outputs = {FLOAT32},
    .variadic_inputs = true,
    .variadic_outputs = true,
    .create = create,
    .compute = compute,
    .destroy = destroy,
};
