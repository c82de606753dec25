// AddRows: inputs indices, g; output the table.   Attributes: count, the indices; rows, width, the table's.
#include "../custom-op.h"
#include "add-rows.h"

typedef struct {
  AddRowsKernel *kernel;
  AddRows sizes; // without memory
} AddRowsOp;

static void create(void *memory, Node *node) {
  AddRowsOp *op = memory;
  op->kernel = BEST_OF(node_cpu(node), add_rows_scalar, add_rows_avx2, add_rows_avx512);
  op->sizes.count = (size_t)attribute_int(node, "count");
  op->sizes.rows = (size_t)attribute_int(node, "rows");
  op->sizes.width = (size_t)attribute_int(node, "width");
}

static void compute(const void *memory, Run *run) {
  const AddRowsOp *op = memory;
  AddRows a = op->sizes;
  a.indices = input(run, 0);
  a.g = input(run, 1);
  a.table = output(run, 0, (Shape){.dims = {(int64_t)a.rows, (int64_t)a.width}, .rank = 2});
  if (!run_failed(run)) op->kernel(run_pool(run), &a);
}

const CustomOp add_rows_op = {
    .name = "AddRows",
    .size = sizeof(AddRowsOp),
    .inputs = {INT32, FLOAT32},
    .outputs = {FLOAT32},
    .create = create,
    .compute = compute,
};
