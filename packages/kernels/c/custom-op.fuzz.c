// What operators share, on a stand-in for ONNX Runtime's API: memory comes back (the sanitizer counts), a first error stays the
// first, and nothing is touched after it.
#include "fuzz.h"
#include "ort-op.h"
#include <string.h>

enum { INPUTS = 3, FUNCTIONS = 300, DONE = 77 };

struct OrtStatus {
  char message[80];
};

// What the stand-in is to do next, and what it has been asked.
static struct {
  bool lacks_attribute, lacks_memory;
  int allocated, statuses;
} ort;

static OrtStatus *create_status(int code, const char *message) {
  (void)code;
  OrtStatus *status = calloc(1, sizeof *status);
  snprintf(status->message, sizeof status->message, "%s", message);
  ort.statuses++;
  return status;
}
static void release_status(OrtStatus *status) { ort.statuses--, free(status); }
static OrtStatus *get_allocator(const void *info, int type, void **out) { return (void)info, (void)type, *out = &ort, NULL; }
static void release_allocator(void *allocator) { (void)allocator; }
static OrtStatus *allocate(void *allocator, size_t size, void **out) {
  (void)allocator;
  if (ort.lacks_memory) return create_status(1, "no memory");
  ort.allocated++;
  return *out = malloc(size), NULL;
}
static OrtStatus *release(void *allocator, void *memory) { return (void)allocator, ort.allocated--, free(memory), NULL; }
static OrtStatus *get_int(const void *info, const char *name, int64_t *out) {
  (void)info;
  *out = strcmp(name, "threads") == 0 ? 2 : strcmp(name, "level") == 0 ? LEVEL_AVX512 : 5;
  return ort.lacks_attribute && strcmp(name, "width") == 0 ? create_status(1, "no width") : NULL;
}
static OrtStatus *get_ints(const void *info, const char *name, int64_t *out, size_t *size) {
  (void)info, (void)name;
  for (size_t i = 0; out != NULL && i < 3; i++) out[i] = (int64_t)i + 2;
  return *size = 3, NULL;
}
static OrtStatus *get_input(const void *context, size_t i, const void **out) { return *out = (const float *)context + i, NULL; }
static OrtStatus *get_data(const void *value, void **out) { return *out = (void *)value, NULL; }
static OrtStatus *parallel_for(const void *context, void (*task)(void *, size_t), size_t total, size_t batches, void *data) {
  (void)context, (void)batches;
  for (size_t i = total; i > 0; i--) task(data, i - 1);
  return NULL;
}

static OrtFunction functions[FUNCTIONS] = {
    [0] = (OrtFunction)create_status, [51] = (OrtFunction)get_data,      [75] = (OrtFunction)allocate,      [76] = (OrtFunction)release,
    [86] = (OrtFunction)get_int,      [90] = (OrtFunction)get_input,     [93] = (OrtFunction)release_status, [132] = (OrtFunction)release_allocator,
    [163] = (OrtFunction)get_ints,    [274] = (OrtFunction)parallel_for, [278] = (OrtFunction)get_allocator,
};

typedef struct {
  int64_t width;
  Shape shape;
  int64_t *list;
  size_t count;
} TestOp;

static void create(void *memory, Node *node) {
  TestOp *op = memory;
  op->count = attribute_ints(node, "list", &op->list);
  op->width = attribute_int(node, "width");
  op->shape = attribute_shape(node, "shape");
}
static void destroy(void *memory) { free(((TestOp *)memory)->list); }

static void count_task(void *data, size_t i) { ((int *)data)[i]++; }

static void compute(const void *memory, Run *run) {
  const TestOp *op = memory;
  const size_t sizes[] = {0, 1, fuzz_size(2, 5000)};
  unsigned char *pieces[3];
  for (size_t i = 0; i < 3; i++) pieces[i] = scratch(run, sizes[i]);
  const float *x = input(run, INPUTS - 1);
  if (run_failed(run)) {
    if (pieces[2] != NULL || x != NULL) abort();
    return;
  }
  for (size_t i = 0; i < 3; i++) {
    if ((uintptr_t)pieces[i] % 64 != 0) abort();
    memset(pieces[i], 1, sizes[i]);
  }
  int seen[7] = {0};
  run_pool(run)->run(run_pool(run), count_task, seen, 7);
  for (size_t i = 0; i < 7; i++)
    if (seen[i] != 1) abort();
  if (*x != 3 || op->count != 3 || op->list[2] != 4 || op->shape.rank != 3 || op->width != 5) abort();
  run_fail(run, "first");
  run_fail(run, "second");
}

static const CustomOp test_op = {"Test", sizeof(TestOp), {FLOAT32}, {FLOAT32}, true, false, create, compute, destroy};

static bool says(OrtStatus *status, const char *expected) {
  const bool right = status != NULL && strcmp(status->message, expected) == 0;
  if (!right) printf("WRONG: got \"%s\", expected \"%s\"\n", status == NULL ? "" : status->message, expected);
  if (status != NULL) release_status(status);
  return right;
}

int main(void) {
  const OrtOp op = ort_op_of(&test_op);
  const float inputs[INPUTS] = {1, 2, 3};
  void *kernel = NULL;
  ort.lacks_attribute = true;
  if (!says(op.callbacks.CreateKernelV2(&op.callbacks, functions, NULL, &kernel), "no width") || kernel != NULL) return 1;
  ort.lacks_attribute = false;
  if (op.callbacks.CreateKernelV2(&op.callbacks, functions, NULL, &kernel) != NULL) return 1;
  for (int i = 0; i < DONE; i++) {
    ort.lacks_memory = i % 2 == 1;
    if (!says(op.callbacks.KernelComputeV2(kernel, (void *)inputs), ort.lacks_memory ? "no memory" : "first")) return 1;
    if (ort.allocated != 0 || ort.statuses != 0) return printf("WRONG: %d pieces and %d statuses are left\n", ort.allocated, ort.statuses), 1;
  }
  op.callbacks.KernelDestroy(kernel);
  printf("custom-op: %d runs, half of them without memory\n", DONE);
}
