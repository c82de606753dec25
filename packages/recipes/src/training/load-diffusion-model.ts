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
  if ("maskTokenId" in config && (modelTraits(config).attention === "full" || blocks)) return { ...coder, config };
  await coder.close();
  throw wrongKind(dir, coder, "a masked diffusion model");
}

/**
 * `loadDiffuCoder` for models that reinforcement learning trains: masked diffusion models, and autoregressive ones.
 *
 * @throws {InvalidArgumentError} if the folder holds a model whose tokens see blocks
 */
export async function loadPolicyModel(dir: string, { executor, device, precision }: ExecutorOptions = {}): Promise<DiffuCoder> {
  const coder = await loadDiffuCoder(dir, { executor, device, precision, quantize: "none" });
  if (typeof modelTraits(coder.config).attention === "string") return coder;
  await coder.close();
  throw wrongKind(dir, coder, "a masked diffusion model or an autoregressive one");
}

function wrongKind(dir: string, { config }: DiffuCoder, wanted: string): InvalidArgumentError {
  const { family, isDiffusion } = modelTraits(config);
  const inBlocks = isDiffusion ? ", whose attention is in blocks and which block diffusion alone trains (train pretrain)" : "";
  const expected = `the folder of ${wanted}, not of a model of type ${family}${inBlocks}`;
  return new InvalidArgumentError({ argument: "--model", value: dir, expected });
}
