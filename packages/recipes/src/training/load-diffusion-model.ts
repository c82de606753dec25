import { InvalidArgumentError } from "@diffucoder/core";
import type { ModelConfig } from "@diffucoder/model";
import { type DiffuCoder, type ExecutorOptions, loadDiffuCoder } from "@diffucoder/engine";

/** A model that can be trained and evaluated here: one with a mask token. */
export type DiffusionModel = DiffuCoder & {
  /** The network's configuration, with its mask token. */
  readonly config: ModelConfig;
};

/** `loadDiffuCoder` for masked diffusion models alone. @throws {InvalidArgumentError} if the folder holds an autoregressive model */
export async function loadDiffusionModel(dir: string, { executor, device }: ExecutorOptions = {}): Promise<DiffusionModel> {
  const coder = await loadDiffuCoder(dir, { executor, device });
  const { config } = coder;
  if ("maskTokenId" in config) return { ...coder, config };
  await coder.close();
  throw new InvalidArgumentError({
    argument: "--model",
    value: dir,
    expected: `the folder of a masked diffusion model, not of a model of type ${config.family}`,
  });
}
