// Int8Panels: codes int8 [k, n] -> uint8 [n / 16, k / 4, 16, 4]. Attributes: n, k.
// Int4Panels: codes uint8 [n, k / 32, 16], scales [n, k / 32] -> uint8 [n / 16, k / 32, 4, 16, 4], scales [n / 16, k / 32, 16].
#include "../custom-op.h"
#include "../quantized-linear/quantized-linear.h"
#include "quantized-panels.h"

typedef struct {
  size_t n, k;
} PanelsOp;

typedef struct {
  const PanelsOp *op;
  const void *codes;
  const float *scales;
  uint8_t *panels;
  float *panelScales;
} Panels;

static void create(void *memory, Node *node) {
  PanelsOp *op = memory;
  op->n = (size_t)attribute_int(node, "n");
  op->k = (size_t)attribute_int(node, "k");
}

static void int8_task(void *data, size_t panel) {
  const Panels *p = data;
  int8_panel(p->codes, p->op->n, p->op->k, panel, p->panels);
}

static void int4_task(void *data, size_t panel) {
  const Panels *p = data;
  int4_panel(p->codes, p->scales, p->op->k, panel, p->panels, p->panelScales);
}

static void compute_int8(const void *memory, Run *run) {
  const PanelsOp *op = memory;
  const int64_t panels = (int64_t)(op->n / PANEL), groups = (int64_t)(op->k / GROUP);
  Panels p = {.op = op, .codes = input(run, 0)};
  p.panels = output(run, 0, (Shape){.dims = {panels, groups, PANEL, GROUP}, .rank = 4});
  Pool *pool = run_pool(run);
  if (!run_failed(run)) pool->run(pool, int8_task, &p, (size_t)panels);
}

static void compute_int4(const void *memory, Run *run) {
  const PanelsOp *op = memory;
  const int64_t panels = (int64_t)(op->n / PANEL), blocks = (int64_t)(op->k / BLOCK);
  Panels p = {.op = op, .codes = input(run, 0), .scales = input(run, 1)};
  p.panels = output(run, 0, (Shape){.dims = {panels, blocks, 4, PANEL, GROUP}, .rank = 5});
  p.panelScales = output(run, 1, (Shape){.dims = {panels, blocks, PANEL}, .rank = 3});
  Pool *pool = run_pool(run);
  if (!run_failed(run)) pool->run(pool, int4_task, &p, (size_t)panels);
}

const CustomOp int8_panels_op = {
    .name = "Int8Panels", .size = sizeof(PanelsOp), .inputs = {INT8}, .outputs = {UINT8}, .create = create, .compute = compute_int8};
const CustomOp int4_panels_op = {
    .name = "Int4Panels", .size = sizeof(PanelsOp), .inputs = {UINT8, FLOAT32}, .outputs = {UINT8, FLOAT32}, .create = create, .compute = compute_int4};
