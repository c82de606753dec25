// CPUID and XGETBV by hand: __builtin_cpu_supports needs a part of libgcc that not every compiler links into a shared library.
// Bits are those of the Intel 64 and IA-32 Architectures Software Developer's Manual, volume 2A, CPUID, and volume 1, 13.3 (XCR0).
#include "cpu.h"

#if defined(__x86_64__)
#include <cpuid.h>
#if defined(__linux__)
#include <sys/syscall.h>
#include <unistd.h>
#endif

typedef struct {
  unsigned eax, ebx, ecx, edx;
} Registers;

static Registers cpuid(unsigned leaf, unsigned subleaf) {
  Registers r = {0, 0, 0, 0};
  __get_cpuid_count(leaf, subleaf, &r.eax, &r.ebx, &r.ecx, &r.edx); // leaves zeros where there is no such leaf
  return r;
}

static bool all(unsigned value, unsigned bits) { return (value & bits) == bits; }

static unsigned bit(unsigned index) { return 1u << index; }

// Which registers the system saves when it switches threads.
static unsigned saved_state(void) {
  unsigned low, high;
  __asm__ volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
  return low;
}

// Linux gives a process the large tile registers only when it asks.
static bool may_use_tiles(void) {
#if defined(__linux__)
  enum { REQUEST_PERMISSION = 0x1023, TILE_DATA = 18 };
  return syscall(SYS_arch_prctl, REQUEST_PERMISSION, TILE_DATA) == 0;
#else
  return false;
#endif
}

Cpu cpu_detect(void) {
  Cpu cpu = {LEVEL_SCALAR, false, false, false};
  const unsigned ymm = bit(1) | bit(2), zmm = ymm | bit(5) | bit(6) | bit(7), tiles = bit(17) | bit(18);
  Registers basic = cpuid(1, 0), extended = cpuid(7, 0), more = cpuid(7, 1);

  bool has_xgetbv = all(basic.ecx, bit(27));
  unsigned saved = has_xgetbv ? saved_state() : 0;
  bool has_avx2 = all(basic.ecx, bit(12) | bit(28) | bit(29)) && all(extended.ebx, bit(5)); // FMA, AVX, F16C; AVX2
  if (!has_avx2 || !all(saved, ymm)) return cpu;
  cpu.level = LEVEL_AVX2;

  bool has_avx512 = all(extended.ebx, bit(16) | bit(17) | bit(30) | bit(31)); // F, DQ, BW, VL
  if (!has_avx512 || !all(saved, zmm)) return cpu;
  cpu.level = LEVEL_AVX512;
  cpu.vnni = all(extended.ecx, bit(11));
  cpu.bf16 = all(more.eax, bit(5));
  cpu.amx = cpu.bf16 && all(extended.edx, bit(22) | bit(24) | bit(25)) && all(saved, tiles) && may_use_tiles(); // BF16, TILE, INT8
  return cpu;
}
#else
Cpu cpu_detect(void) { return (Cpu){LEVEL_SCALAR, false, false, false}; }
#endif

Cpu cpu_at_most(Cpu cpu, Level level) {
  if (level >= cpu.level) return cpu;
  return (Cpu){level, false, false, false};
}
