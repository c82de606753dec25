import { join } from "node:path";
import { FileError } from "@diffucoder/core";
import { type LoadedModel, loadModel, type ModelConfig } from "@diffucoder/model";

/** The checkpoint of a golden directory, which fills masks. @throws {FileError} if it does not */
export async function loadDiffusionModel(directory: string): Promise<LoadedModel & { config: ModelConfig }> {
  const path = join(directory, "checkpoint");
  const model = await loadModel(path);
  const { config } = model;
  if (!("maskTokenId" in config)) throw new FileError({ path, problem: `holds an autoregressive model (${model.family})` });
  return { ...model, config };
}
