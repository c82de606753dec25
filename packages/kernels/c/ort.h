// The few words of ONNX Runtime's C API (onnxruntime_c_api.h) that custom operators need.
//
// The API is a struct of function pointers whose order never changes, so an index names a function for good; the indices are
// those of the table at the end of onnxruntime_c_api.cc. Functions return NULL or a status that tells what went wrong.
#pragma once
#include <stddef.h>
#include <stdint.h>

typedef struct OrtStatus OrtStatus;
typedef void (*OrtFunction)(void);
typedef const OrtFunction *OrtApi;

typedef struct {
  OrtApi (*GetApi)(uint32_t version);
  const char *(*GetVersionString)(void);
} OrtApiBase;

enum {
  ORT_API_VERSION_USED = 18, // the first that has all the functions below
  ORT_CUSTOM_OP_VERSION = 17 // the version of the struct OrtCustomOp as it is below
};

#define ORT_CALL(api, index, result, parameters, ...) ((result(*) parameters)(api)[index])(__VA_ARGS__)

#define ort_CreateStatus(api, code, message) ORT_CALL(api, 0, OrtStatus *, (int, const char *), code, message)
#define ort_CreateCustomOpDomain(api, name, out) ORT_CALL(api, 26, OrtStatus *, (const char *, void **), name, out)
#define ort_CustomOpDomain_Add(api, domain, op) ORT_CALL(api, 27, OrtStatus *, (void *, const OrtCustomOp *), domain, op)
#define ort_AddCustomOpDomain(api, options, domain) ORT_CALL(api, 28, OrtStatus *, (void *, void *), options, domain)
#define ort_GetTensorMutableData(api, value, out) ORT_CALL(api, 51, OrtStatus *, (const void *, void **), value, out)
#define ort_AllocatorAlloc(api, allocator, size, out) ORT_CALL(api, 75, OrtStatus *, (void *, size_t, void **), allocator, size, out)
#define ort_AllocatorFree(api, allocator, memory) ORT_CALL(api, 76, OrtStatus *, (void *, void *), allocator, memory)
#define ort_GetAttribute_float(api, info, name, out) ORT_CALL(api, 85, OrtStatus *, (const void *, const char *, float *), info, name, out)
#define ort_GetAttribute_int64(api, info, name, out) ORT_CALL(api, 86, OrtStatus *, (const void *, const char *, int64_t *), info, name, out)
#define ort_GetInputCount(api, context, out) ORT_CALL(api, 88, OrtStatus *, (const void *, size_t *), context, out)
#define ort_GetOutputCount(api, context, out) ORT_CALL(api, 89, OrtStatus *, (const void *, size_t *), context, out)
#define ort_GetInput(api, context, i, out) ORT_CALL(api, 90, OrtStatus *, (const void *, size_t, const void **), context, i, out)
#define ort_GetOutput(api, context, i, dims, rank, out) \
  ORT_CALL(api, 91, OrtStatus *, (void *, size_t, const int64_t *, size_t, void **), context, i, dims, rank, out)
#define ort_ReleaseStatus(api, status) ORT_CALL(api, 93, void, (OrtStatus *), status)
#define ort_ReleaseAllocator(api, allocator) ORT_CALL(api, 132, void, (void *), allocator)
#define ort_GetAttributeArray_int64(api, info, name, out, size) \
  ORT_CALL(api, 163, OrtStatus *, (const void *, const char *, int64_t *, size_t *), info, name, out, size)
#define ort_ParallelFor(api, context, task, total, batches, data) \
  ORT_CALL(api, 274, OrtStatus *, (const void *, void (*)(void *, size_t), size_t, size_t, void *), context, task, total, batches, data)
#define ort_KernelInfoGetAllocator(api, info, type, out) ORT_CALL(api, 278, OrtStatus *, (const void *, int, void **), info, type, out)

// Of version 17 all members up to GetEndVersion are called unasked: none may be NULL but the two that the V2 forms replace,
// InferOutputShapeFn, and GetExecutionProviderType's result.
typedef struct OrtCustomOp OrtCustomOp;
struct OrtCustomOp {
  uint32_t version;
  void *(*CreateKernel)(const OrtCustomOp *op, OrtApi api, const void *info);
  const char *(*GetName)(const OrtCustomOp *op);
  const char *(*GetExecutionProviderType)(const OrtCustomOp *op);
  int (*GetInputType)(const OrtCustomOp *op, size_t i);
  size_t (*GetInputTypeCount)(const OrtCustomOp *op);
  int (*GetOutputType)(const OrtCustomOp *op, size_t i);
  size_t (*GetOutputTypeCount)(const OrtCustomOp *op);
  void (*KernelCompute)(void *kernel, void *context);
  void (*KernelDestroy)(void *kernel);
  int (*GetInputCharacteristic)(const OrtCustomOp *op, size_t i);
  int (*GetOutputCharacteristic)(const OrtCustomOp *op, size_t i);
  int (*GetInputMemoryType)(const OrtCustomOp *op, size_t i);
  int (*GetVariadicInputMinArity)(const OrtCustomOp *op);
  int (*GetVariadicInputHomogeneity)(const OrtCustomOp *op);
  int (*GetVariadicOutputMinArity)(const OrtCustomOp *op);
  int (*GetVariadicOutputHomogeneity)(const OrtCustomOp *op);
  OrtStatus *(*CreateKernelV2)(const OrtCustomOp *op, OrtApi api, const void *info, void **kernel);
  OrtStatus *(*KernelComputeV2)(void *kernel, void *context);
  OrtStatus *(*InferOutputShapeFn)(const OrtCustomOp *op, void *context);
  int (*GetStartVersion)(const OrtCustomOp *op);
  int (*GetEndVersion)(const OrtCustomOp *op);
};
