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
 * @param options.python path of the Python that programs run on; otherwise the one that the result names
 * @throws {FileError} if the result was measured on another version of the dataset
 */
export async function rescore({
  path,
  workers,
  python: ownPython,
  folders,
  onProgress,
  signal,
}: { path: string; workers: number; python?: string | undefined } & Omit<RunEvalOptions, "config" | "onNotice">): Promise<Rescored> {
  const earlier = readEvalResult(path);
  const { dataset, postProcessor, seed, ks, runs } = earlier;
  const benchmark = await loadBenchmark(dataset.name, { folders });
  if (benchmark.sha256 !== dataset.sha256) {
    throw new FileError({ path, problem: `was measured on another version of ${dataset.name}, with SHA-256 ${dataset.sha256.slice(0, 16)}...` });
  }
  const python = ownPython ?? earlier.python;
  const sandbox = await createSandbox({ workers, ...(python !== undefined && { python }) });
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
