// Which instruction sets this processor has, and this system lets programs use.
#pragma once
#include <stdbool.h>
#include <stdint.h>

typedef enum {
  LEVEL_SCALAR, // portable C
  LEVEL_AVX2,   // AVX2, FMA, F16C
  LEVEL_AVX512, // and AVX-512 F, BW, VL, DQ
} Level;

typedef struct {
  Level level;
  bool vnni; // AVX512_VNNI: dot products of bytes
  bool bf16; // AVX512_BF16: dot products of bfloat16
  bool amx;  // AMX tiles of bfloat16 and bytes
} Cpu;

Cpu cpu_detect(void);

// The same processor, had it no more than `level`.
Cpu cpu_at_most(Cpu cpu, Level level);

// The form of a kernel for the level; beside x86-64 there is only the scalar one, and the others' names are not looked at.
#if defined(__x86_64__)
#define BEST_OF(cpu, scalar, avx2, avx512) ((cpu).level == LEVEL_AVX512 ? (avx512) : (cpu).level == LEVEL_AVX2 ? (avx2) : (scalar))
#else
#define BEST_OF(cpu, scalar, avx2, avx512) ((void)(cpu), (scalar))
#endif
