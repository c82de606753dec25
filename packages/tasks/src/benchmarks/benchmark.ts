import type { Task } from "../task.ts";
import type { DatasetFile } from "../dataset-file.ts";

/** A benchmark: where its file comes from, and who reads it. A further one is a file with such a value, and a line in `catalogue.ts`. */
export interface Benchmark {
  /** For people. */
  readonly title: string;
  /** What was pinned: a release, or a commit. */
  readonly version: string;
  /** Of the data. */
  readonly licence: string;
  /** The tasks that evaluations are made of. */
  readonly test: BenchmarkPart;
  /** Tasks that were published to be trained on. @default none: the benchmark is for evaluation alone */
  readonly train?: BenchmarkPart;
}

/** A file of a benchmark. */
export interface BenchmarkPart {
  /** Where it is, and its SHA-256. */
  readonly file: DatasetFile;
  /** Turns its text into tasks. @param path for messages */
  read(text: string, path: string): Task[];
}
