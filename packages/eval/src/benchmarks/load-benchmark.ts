import { FileError, InvalidArgumentError } from "@diffucoder/core";
import { type ReadDatasetFileOptions, readDatasetFile } from "../dataset-file.ts";
import { readBigCodeBench } from "./big-code-bench.ts";
import { BENCHMARK_NAMES, type BenchmarkName, type CatalogueEntry, catalogueEntry } from "./catalogue.ts";
import { readEvalPlus } from "./evalplus.ts";
import { readHumanEval } from "./human-eval.ts";
import { readMbpp } from "./mbpp.ts";
import { readMultiplE } from "./multipl-e.ts";
import type { Benchmark, Problem } from "./problem.ts";

const READERS: Readonly<Record<CatalogueEntry["form"], (text: string, path: string) => Problem[]>> = {
  evalplus: readEvalPlus,
  "human-eval": readHumanEval,
  infilling: readHumanEval,
  mbpp: readMbpp,
  "multipl-e": readMultiplE,
  "big-code-bench": readBigCodeBench,
};

/**
 * Loads a benchmark from the first folder that has its file, or downloads it.
 *
 * @throws {InvalidArgumentError} for a name that is none of `BENCHMARK_NAMES`
 * @throws {FileError} if the file has another content than the pinned one
 * @throws {UnavailableError} if it is nowhere and cannot be downloaded
 */
export async function loadBenchmark(name: string, options: ReadDatasetFileOptions): Promise<Benchmark> {
  if (!isBenchmarkName(name)) {
    throw new InvalidArgumentError({ argument: "dataset", value: name, expected: `one of ${BENCHMARK_NAMES.join(", ")}` });
  }
  const { title, version, form, file } = catalogueEntry(name);
  const { text, path } = await readDatasetFile(file, options);
  const problems = READERS[form](text, path);
  const ids = new Set<string>();
  for (const { id } of problems) {
    if (ids.has(id)) throw new FileError({ path, problem: `has the task ${id} twice` });
    ids.add(id);
  }
  return { name, title, version, sha256: file.sha256, path, problems };
}

function isBenchmarkName(name: string): name is BenchmarkName {
  return (BENCHMARK_NAMES as string[]).includes(name);
}
