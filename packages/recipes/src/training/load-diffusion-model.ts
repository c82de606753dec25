import { InvalidArgumentError } from "@diffucoder/core";
import { type ModelConfig, modelTraits } from "@diffucoder/model";
import { type DiffuCoder, type ExecutorOptions, loadDiffuCoder } from "@diffucoder/engine";

/** A model that can be trained and evaluated here: one with a mask token. */
export type DiffusionModel = DiffuCoder & {
  /** The network's configuration, with its mask token. */
  readonly config: ModelConfig;
};

/** Where a model runs, and of which kind it may be. */
export interface LoadDiffusionModelOptions extends ExecutorOptions {
  /** Whether its tokens may see their own block and earlier ones only, as block diffusion trains them. @default false */
  blocks?: boolean | undefined;
}

/**
 * `loadDiffuCoder` for masked diffusion models alone.
 *
 * @throws {InvalidArgumentError} if the folder holds an autoregressive model, or one whose tokens see blocks and `blocks` is off
 */
export async function loadDiffusionModel(
  dir: string,
  { executor, device, precision, blocks = false }: LoadDiffusionModelOptions = {},
): Promise<DiffusionModel> {
  const coder = await loadDiffuCoder(dir, { executor, device, precision, quantize: "none" });
  const { config } = coder;
  const { family, attention } = modelTraits(config);
  if ("maskTokenId" in config && (attention === "full" || blocks)) return { ...coder, config };
  await coder.close();
  const inBlocks = "maskTokenId" in config ? ", whose attention is in blocks and which block diffusion alone trains (train pretrain)" : "";
  const expected = `the folder of a masked diffusion model, not of a model of type ${family}${inBlocks}`;
  throw new InvalidArgumentError({ argument: "--model", value: dir, expected });
}
