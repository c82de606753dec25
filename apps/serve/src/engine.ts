import type { DiffuCoder } from "diffucoder";

/** The part of a loaded model that the server uses; tests put a fake in its place. */
export type Engine = Pick<
  DiffuCoder,
  "prepare" | "prepareInfill" | "config" | "parameters" | "tokenizer" | "endIds" | "generationConfig" | "limits" | "stats" | "scoreLabels"
>;
