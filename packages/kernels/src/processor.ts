// What the library says of the processor: the word that diffucoder_kernels_processor() gives (c/register.c).

/** Instruction sets of the kernels, from the lowest. */
export const kernelLevels = ["scalar", "avx2", "avx512"] as const;

/** `"scalar"` is portable C; `"avx2"` includes FMA and F16C; `"avx512"` is F, BW, VL and DQ. */
export type KernelLevel = (typeof kernelLevels)[number];

/** Which instructions kernels may use. */
export interface KernelProcessor {
  /** The highest level. */
  readonly level: KernelLevel;
  /** Whether it has AVX512_VNNI, dot products of bytes. */
  readonly vnni: boolean;
  /** Whether it has AVX512_BF16, dot products of bfloat16. */
  readonly bf16: boolean;
  /** Whether it has AMX tiles of bfloat16 and bytes. */
  readonly amx: boolean;
}

/** Reads the library's word: the level in the low byte, and a bit for each of the further instruction sets. */
export function readProcessor(word: number): KernelProcessor {
  const has = (bit: number): boolean => ((word >> bit) & 1) === 1;
  return { level: kernelLevels[word & 255]!, vnni: has(8), bf16: has(9), amx: has(10) };
}

/** The same processor, had it no more than `level`. */
export function atMost(processor: KernelProcessor, level: KernelLevel): KernelProcessor {
  if (kernelLevels.indexOf(level) >= kernelLevels.indexOf(processor.level)) return processor;
  return { level, vnni: false, bf16: false, amx: false };
}
