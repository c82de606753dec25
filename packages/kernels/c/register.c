// The three functions that the library exports. This file, custom-op.c and cpu.c are compiled for the plainest processor: they
// run before anybody has looked which instructions there are.
#include <stdatomic.h>
#include "operators.h"
#include "ort-op.h"

#if defined(_WIN32)
#define EXPORT __declspec(dllexport)
#else
#define EXPORT __attribute__((visibility("default")))
#endif

// Raised whenever an operator's name, inputs, outputs or attributes change; src/version.ts has the same number.
enum { VERSION = 1 };

enum { BAD_ARGUMENT = 2, VNNI = 1 << 8, BF16 = 1 << 9, AMX = 1 << 10 };

EXPORT uint32_t diffucoder_kernels_version(void) { return VERSION; }

// The level in the low byte, and a bit for each of the further instruction sets.
EXPORT uint32_t diffucoder_kernels_processor(void) {
  Cpu cpu = cpu_detect();
  return (uint32_t)cpu.level | (cpu.vnni ? VNNI : 0) | (cpu.bf16 ? BF16 : 0) | (cpu.amx ? AMX : 0);
}

#define ADDRESS(op) &op,
static const CustomOp *const definitions[] = {OPERATORS(ADDRESS)};
enum { OPERATOR_COUNT = sizeof definitions / sizeof *definitions };

// ONNX Runtime keeps pointers to the operators and to their domain: both live as long as the process.
static OrtOp operators[OPERATOR_COUNT];

static OrtStatus *make_domain(OrtApi api, void **out) {
  void *domain = NULL;
  OrtStatus *status = ort_CreateCustomOpDomain(api, "diffucoder", &domain);
  for (size_t i = 0; i < OPERATOR_COUNT && status == NULL; i++) {
    operators[i] = ort_op_of(definitions[i]);
    status = ort_CustomOpDomain_Add(api, domain, &operators[i].callbacks);
  }
  if (status == NULL) *out = domain;
  return status;
}

// Adds the operators to a session's options, by the name and with the parameters of ONNX Runtime's own convention.
EXPORT OrtStatus *RegisterCustomOps(void *options, const OrtApiBase *base) {
  static void *domain;
  static atomic_flag making = ATOMIC_FLAG_INIT; // threads of JavaScript may come at the same time
  OrtApi api = base->GetApi(ORT_API_VERSION_USED);
  if (api == NULL) return ort_CreateStatus(base->GetApi(1), BAD_ARGUMENT, "the kernels want ONNX Runtime 1.18 or newer");
  while (atomic_flag_test_and_set(&making)) {
  }
  OrtStatus *status = domain == NULL ? make_domain(api, &domain) : NULL;
  atomic_flag_clear(&making);
  return status != NULL ? status : ort_AddCustomOpDomain(api, options, domain);
}
