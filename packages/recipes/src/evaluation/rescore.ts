import { FileError, type OnProgress } from "@diffucoder/core";
import { differences, readEvalResult } from "@diffucoder/eval";
import { createSandbox } from "@diffucoder/reward-sandbox";
import { type DataFolders, defaultFolders, loadTasks } from "@diffucoder/tasks";
import { scoreSet } from "./run-eval.ts";

/** The outcome of scoring again. */
export interface Rescored {
  /** Whether nothing differs. */
  reproduced: boolean;
  /** The differences, a sentence each. */
  differences: string[];
  /** Samples that were scored. */
  samples: number;
}

/** What `rescore` works on. */
export interface RescoreOptions {
  /** An `eval-result.json`. */
  path: string;
  /** Programs that run at the same time. */
  workers: number;
  /** Path of the Python that programs run on. @default the one that the result names */
  python?: string | undefined;
  /** Where benchmarks lie, and where computed results are kept. @default `defaultFolders()` */
  folders?: DataFolders | undefined;
  /** Gets the number of samples that are done. */
  onProgress: OnProgress;
  /** Stops it. */
  signal: AbortSignal;
}

/**
 * Scores a result's raw generations again, using only the result and the dataset.
 *
 * @throws {FileError} if the result was measured on another version of the dataset
 */
export async function rescore({
  path,
  workers,
  python: ownPython,
  folders = defaultFolders(),
  onProgress,
  signal,
}: RescoreOptions): Promise<Rescored> {
  const earlier = readEvalResult(path);
  const { dataset, postProcessor, seed, ks, runs } = earlier;
  const { name, data, ids, sha256 } = dataset;
  const taskSet = await loadTasks({ dataset: name, data, folders, use: "evaluation", ids });
  if (taskSet.sha256 !== sha256)
    throw new FileError({ path, problem: `was measured on another version of ${name}, with SHA-256 ${sha256.slice(0, 16)}...` });
  const python = ownPython ?? earlier.python;
  const sandbox = await createSandbox({ workers, ...(python !== undefined && { python }) });
  try {
    const found: string[] = [];
    for (const { label, source, samples, suites } of runs) {
      const config = { output: undefined, seed, ks: [...ks], workers, model: undefined, samplesPerTask: 1 };
      const again = await scoreSet({ label, source, samples, leftOut: [] }, { taskSet, postProcessor, config, sandbox, folders, signal, onProgress });
      found.push(...differences(suites, again.suites).map((sentence) => (runs.length === 1 ? sentence : `${label}: ${sentence}`)));
    }
    return { reproduced: found.length === 0, differences: found, samples: runs.reduce((sum, { samples }) => sum + samples.length, 0) };
  } finally {
    sandbox.close();
  }
}
