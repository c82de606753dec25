// What a kernel runs its tasks on. Kernels start no threads of their own: in a session these are ONNX Runtime's.
#pragma once
#include <stddef.h>

typedef struct Pool Pool;
struct Pool {
  // Calls task(data, i) once for each i < count, in any order, on whichever threads are free, and returns when all are done.
  void (*run)(Pool *pool, void (*task)(void *data, size_t i), void *data, size_t count);
  size_t threads; // how many tasks may run at once, at least 1
};
