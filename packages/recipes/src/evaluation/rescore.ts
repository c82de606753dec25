import { FileError } from "@diffucoder/core";
import { differences, loadBenchmark, readEvalResult } from "@diffucoder/eval";
import { createSandbox } from "@diffucoder/reward-sandbox";
import { type RunEvalOptions, scoreSet } from "./run-eval.ts";

/** What came of scoring again. */
export interface Rescored {
  reproduced: boolean;
  /** What is said differently now, a sentence each. */
  differences: string[];
  /** Samples that were scored. */
  samples: number;
}

/**
 * Scores a result's raw generations again, from nothing but the result and the dataset.
 *
 * @throws {FileError} if the result was measured on another version of the dataset
 */
export async function rescore({
  path,
  workers,
  folders,
  onProgress,
  signal,
}: { path: string; workers: number } & Omit<RunEvalOptions, "config" | "onNotice">): Promise<Rescored> {
  const { dataset, postProcessor, seed, ks, runs } = readEvalResult(path);
  const benchmark = await loadBenchmark(dataset.name, { folders });
  if (benchmark.sha256 !== dataset.sha256) {
    throw new FileError({ path, problem: `was measured on another version of ${dataset.name}, with SHA-256 ${dataset.sha256.slice(0, 16)}...` });
  }
  const sandbox = await createSandbox({ workers });
  try {
    const found: string[] = [];
    for (const { label, source, samples, suites } of runs) {
      const config = { output: undefined, seed, ks: [...ks], workers };
      const again = await scoreSet(
        { label, source, samples: [...samples], leftOut: [] },
        { benchmark, postProcessor, config, sandbox, folders, signal, onProgress },
      );
      found.push(...differences(suites, again.suites).map((sentence) => (runs.length === 1 ? sentence : `${label}: ${sentence}`)));
    }
    return { reproduced: found.length === 0, differences: found, samples: runs.reduce((sum, { samples }) => sum + samples.length, 0) };
  } finally {
    sandbox.close();
  }
}
