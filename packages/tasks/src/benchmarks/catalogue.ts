import type { Benchmark } from "./benchmark.ts";
import { bigCodeBench } from "./big-code-bench.ts";
import { humanEvalPlus, mbppPlus } from "./evalplus.ts";
import { humanEval } from "./human-eval.ts";
import { infilling } from "./infilling.ts";
import { mbpp } from "./mbpp.ts";
import { multiplE } from "./multipl-e.ts";

/** Name of a benchmark as `--dataset` takes it. */
export type BenchmarkName = keyof typeof BENCHMARKS;

/** The benchmarks by name. */
export const BENCHMARKS = {
  humaneval: humanEval,
  "humaneval+": humanEvalPlus,
  mbpp,
  "mbpp+": mbppPlus,
  "infilling-single-line": infilling.singleLine,
  "infilling-multi-line": infilling.multiLine,
  "infilling-random-span": infilling.randomSpan,
  "infilling-random-span-light": infilling.randomSpanLight,
  "multipl-e-js": multiplE.javascript,
  "multipl-e-ts": multiplE.typescript,
  bigcodebench: bigCodeBench,
} as const satisfies Record<string, Benchmark>;

/** Every name in `BENCHMARKS`. */
export const BENCHMARK_NAMES = Object.keys(BENCHMARKS) as BenchmarkName[];
