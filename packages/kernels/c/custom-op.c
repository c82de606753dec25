#include "custom-op.h"
#include <stdlib.h>
#include <string.h>
#include "ort-op.h"

enum { FAIL = 1, ARENA = 0, REQUIRED = 0, VARIADIC = 2, MEMORY_DEFAULT = 0, ALIGNMENT = 64, MOST_SCRATCH = 4 };

struct Node {
  OrtApi api;
  const void *info;
  OrtStatus *status;
  Cpu cpu;
};

// What ONNX Runtime calls a kernel: one node of one session.
typedef struct {
  const CustomOp *definition;
  OrtApi api;
  void *allocator; // of the arena
  size_t threads;
  _Alignas(16) unsigned char op[]; // the operator's own struct
} Kernel;

struct Run {
  Pool pool; // first, so that a pool is found in its run
  const Kernel *kernel;
  void *context;
  OrtStatus *status;
  void *scratch[MOST_SCRATCH];
  size_t scratch_count;
};

// ---- making a session ----

static void node_keep(Node *node, OrtStatus *status) {
  if (node->status == NULL) node->status = status;
  else if (status != NULL) ort_ReleaseStatus(node->api, status);
}

void node_fail(Node *node, const char *message) { node_keep(node, ort_CreateStatus(node->api, FAIL, message)); }

bool node_failed(const Node *node) { return node->status != NULL; }

Cpu node_cpu(const Node *node) { return node->cpu; }

float attribute_float(Node *node, const char *name) {
  float value = 0;
  node_keep(node, ort_GetAttribute_float(node->api, node->info, name, &value));
  return value;
}

int64_t attribute_int(Node *node, const char *name) {
  int64_t value = 0;
  node_keep(node, ort_GetAttribute_int64(node->api, node->info, name, &value));
  return value;
}

Shape attribute_shape(Node *node, const char *name) {
  Shape shape = {.rank = MOST_DIMS};
  node_keep(node, ort_GetAttributeArray_int64(node->api, node->info, name, shape.dims, &shape.rank));
  if (node_failed(node)) shape.rank = 0;
  return shape;
}

size_t attribute_ints(Node *node, const char *name, int64_t **values) {
  size_t count = 0;
  node_keep(node, ort_GetAttributeArray_int64(node->api, node->info, name, NULL, &count)); // asks only how many
  if (node_failed(node)) return 0;
  *values = calloc(count + 1, sizeof **values);
  if (*values == NULL) node_fail(node, "bad_alloc: no memory for a node's attributes");
  else node_keep(node, ort_GetAttributeArray_int64(node->api, node->info, name, *values, &count));
  return node_failed(node) ? 0 : count;
}

static void destroy(void *pointer) {
  Kernel *kernel = pointer;
  if (kernel->definition->destroy != NULL) kernel->definition->destroy(kernel->op);
  if (kernel->allocator != NULL) ort_ReleaseAllocator(kernel->api, kernel->allocator);
  free(kernel);
}

static OrtStatus *create(const OrtCustomOp *ort_op, OrtApi api, const void *info, void **out) {
  const CustomOp *definition = definition_of(ort_op);
  Kernel *kernel = calloc(1, sizeof *kernel + definition->size);
  if (kernel == NULL) return ort_CreateStatus(api, FAIL, "bad_alloc: no memory for a node");
  kernel->definition = definition;
  kernel->api = api;
  Node node = {.api = api, .info = info};
  node_keep(&node, ort_KernelInfoGetAllocator(api, info, ARENA, &kernel->allocator));
  node.cpu = cpu_at_most(cpu_detect(), (Level)attribute_int(&node, "level"));
  kernel->threads = (size_t)attribute_int(&node, "threads");
  if (!node_failed(&node)) definition->create(kernel->op, &node);
  if (node_failed(&node)) destroy(kernel);
  else *out = kernel;
  return node.status;
}

// ---- running ----

static void run_keep(Run *run, OrtStatus *status) {
  if (run->status == NULL) run->status = status;
  else if (status != NULL) ort_ReleaseStatus(run->kernel->api, status);
}

void run_fail(Run *run, const char *message) { run_keep(run, ort_CreateStatus(run->kernel->api, FAIL, message)); }

bool run_failed(const Run *run) { return run->status != NULL; }

size_t input_count(Run *run) {
  size_t count = 0;
  run_keep(run, ort_GetInputCount(run->kernel->api, run->context, &count));
  return count;
}

size_t output_count(Run *run) {
  size_t count = 0;
  run_keep(run, ort_GetOutputCount(run->kernel->api, run->context, &count));
  return count;
}

static void *data_of(Run *run, const void *value) {
  void *data = NULL;
  if (!run_failed(run)) run_keep(run, ort_GetTensorMutableData(run->kernel->api, value, &data));
  return data;
}

const void *input(Run *run, size_t i) {
  const void *value = NULL;
  run_keep(run, ort_GetInput(run->kernel->api, run->context, i, &value));
  return data_of(run, value);
}

void *output(Run *run, size_t i, Shape shape) {
  void *value = NULL;
  run_keep(run, ort_GetOutput(run->kernel->api, run->context, i, shape.dims, shape.rank, &value));
  return data_of(run, value);
}

// Not through KernelContext_GetScratchBuffer, which asks the CPU's stream, NULL, for its notifications.
void *scratch(Run *run, size_t bytes) {
  void *memory = NULL;
  if (run_failed(run)) return NULL;
  if (run->scratch_count == MOST_SCRATCH) run_fail(run, "a kernel asked for too many pieces of scratch memory");
  else run_keep(run, ort_AllocatorAlloc(run->kernel->api, run->kernel->allocator, bytes + ALIGNMENT, &memory));
  if (memory == NULL) return NULL;
  run->scratch[run->scratch_count++] = memory;
  return (void *)(((uintptr_t)memory + ALIGNMENT - 1) & ~(uintptr_t)(ALIGNMENT - 1));
}

static void run_on_ort(Pool *pool, void (*task)(void *, size_t), void *data, size_t count) {
  Run *run = (Run *)pool;
  if (run->pool.threads == 1 || count == 1)
    for (size_t i = 0; i < count; i++) task(data, i);
  else if (count > 0) run_keep(run, ort_ParallelFor(run->kernel->api, run->context, task, count, 0, data));
}

Pool *run_pool(Run *run) { return &run->pool; }

static OrtStatus *compute(void *pointer, void *context) {
  const Kernel *kernel = pointer;
  Run run = {.pool = {run_on_ort, kernel->threads}, .kernel = kernel, .context = context};
  kernel->definition->compute(kernel->op, &run);
  for (size_t i = 0; i < run.scratch_count; i++) run_keep(&run, ort_AllocatorFree(kernel->api, kernel->allocator, run.scratch[i]));
  return run.status;
}

// ---- what ONNX Runtime asks of an operator ----

static size_t count_of(const ElementType *types) {
  size_t count = 0;
  while (count < MOST_TENSORS && types[count] != NO_TENSOR) count++;
  return count;
}

static const char *name(const OrtCustomOp *op) { return definition_of(op)->name; }
static const char *provider(const OrtCustomOp *op) { return (void)op, NULL; } // the CPU's
static int input_type(const OrtCustomOp *op, size_t i) { return (int)definition_of(op)->inputs[i]; }
static int output_type(const OrtCustomOp *op, size_t i) { return (int)definition_of(op)->outputs[i]; }
static size_t input_types(const OrtCustomOp *op) { return count_of(definition_of(op)->inputs); }
static size_t output_types(const OrtCustomOp *op) { return count_of(definition_of(op)->outputs); }
static int memory_type(const OrtCustomOp *op, size_t i) { return (void)op, (void)i, MEMORY_DEFAULT; }
static int one(const OrtCustomOp *op) { return (void)op, 1; }
static int any_version(const OrtCustomOp *op) { return (void)op, INT32_MAX; }

static int input_characteristic(const OrtCustomOp *op, size_t i) {
  const CustomOp *definition = definition_of(op);
  return definition->variadic_inputs && i + 1 == count_of(definition->inputs) ? VARIADIC : REQUIRED;
}

static int output_characteristic(const OrtCustomOp *op, size_t i) {
  const CustomOp *definition = definition_of(op);
  return definition->variadic_outputs && i + 1 == count_of(definition->outputs) ? VARIADIC : REQUIRED;
}

static void *never_create(const OrtCustomOp *op, OrtApi api, const void *info) { return (void)op, (void)api, (void)info, NULL; }
static void never_compute(void *kernel, void *context) { (void)kernel, (void)context; }

OrtOp ort_op_of(const CustomOp *definition) {
  const OrtCustomOp callbacks = {
      .version = ORT_CUSTOM_OP_VERSION,
      .CreateKernel = never_create,
      .GetName = name,
      .GetExecutionProviderType = provider,
      .GetInputType = input_type,
      .GetInputTypeCount = input_types,
      .GetOutputType = output_type,
      .GetOutputTypeCount = output_types,
      .KernelCompute = never_compute,
      .KernelDestroy = destroy,
      .GetInputCharacteristic = input_characteristic,
      .GetOutputCharacteristic = output_characteristic,
      .GetInputMemoryType = memory_type,
      .GetVariadicInputMinArity = one,
      .GetVariadicInputHomogeneity = one,
      .GetVariadicOutputMinArity = one,
      .GetVariadicOutputHomogeneity = one,
      .CreateKernelV2 = create,
      .KernelComputeV2 = compute,
      .GetStartVersion = one,
      .GetEndVersion = any_version,
  };
  return (OrtOp){callbacks, definition};
}
