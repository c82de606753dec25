import { type BlockCausal, checkTokenIds, type LogitsFunction } from "@diffucoder/diffusion";
import { add, compile, type Executor, maximum, mul, type NdArray, reshape, slice, sub, take, type Tensor } from "@diffucoder/tensor";
import type { DisposableDenoiser } from "./denoiser.ts";
import { createDraw, type DrawInputs, drawInputs, drawnProposals, type VocabularyOptions } from "./draw.ts";
import { NEVER } from "./limits.ts";
import { networkInputs } from "./network-inputs.ts";

/** A network, and how its logits are read. */
export interface CreateDenoiserOptions extends VocabularyOptions {
  /** The network: parameters and token ids in, raw logits out. */
  logits: LogitsFunction;
  /** The network's parameters by name. Read at every pass: training may replace the arrays in between. */
  parameters: () => Readonly<Record<string, NdArray>>;
  /**
   * The parameters are always the same arrays, whose elements never change. Then they are packed for the processor once for
   * each compiled plan, which is faster, and takes the memory of a packed copy on top for each. @default false
   */
  frozen?: boolean | undefined;
  /** Tokens of the longest row. @default any */
  maxLength?: number;
  /** Whether row i of the logits predicts token i + 1, as in Dream, or token i, as in LLaDA. @default true */
  shift?: boolean;
  /** Which tokens see which; `"causal"` makes an autoregressive model. Blocks count from each row's own origin. @default "full" */
  attention?: "full" | "causal" | BlockCausal;
  /** Where the network runs. @default ONNX Runtime on the processor */
  executor?: Executor;
}

type Inputs = {
  inputIds: Tensor;
  logitPositions: Tensor;
  attentionMask?: Tensor;
  positionIds?: Tensor;
  /** Of a block-causal model, `[B', L', L']`. */
  attention?: Tensor;
  /** Where some rows are guided: they are there a second time, with their prompts masked. */
  guidance?: {
    /** `[M]`, which of the logits, those of the second time behind the others, are without the prompt; a position's own if it is not guided. */
    unconditional: Tensor;
    /** `[M]` */
    scale: Tensor;
  };
  draws: DrawInputs;
};

/**
 * A denoiser that runs on the device: the forward pass, the shift, guidance, constraints, temperature, filters, confidences
 * and the draw are one graph, and logits are computed only where they were asked for. What comes back are twenty bytes
 * for each position, whatever the vocabulary.
 *
 * Rows, columns and positions are rounded up to few sizes, and a size has one plan whatever the settings of its rows. Only what
 * no row of a batch wants is left out of its graph: draws (all are greedy), a sort (top-p and top-k), guidance, constraints.
 *
 * @throws {InvalidArgumentError} if the mask token or a forbidden id is outside the vocabulary
 */
export function createDenoiser({
  logits,
  parameters,
  frozen = false,
  maxLength,
  shift = true,
  attention = "full",
  executor,
  ...vocabulary
}: CreateDenoiserOptions): DisposableDenoiser {
  const { maskTokenId, vocabSize } = vocabulary;
  const draw = createDraw(vocabulary);

  /** `[M, V]` */
  const positionLogits = (weights: Record<string, Tensor>, { guidance, ...inputs }: Omit<Inputs, "draws">): Tensor => {
    const asked = { ...inputs, attention: typeof attention === "string" ? attention : inputs.attention };
    if (guidance === undefined) return logits(weights, asked);
    // A network may rule tokens out with minus infinity, of which the difference below would be no number.
    const all = maximum(logits(weights, asked), NEVER); // [M + U, V]
    const c = slice(all, { axis: 0, start: 0, end: guidance.scale.shape[0]! });
    const u = take(all, guidance.unconditional);
    return add(u, mul(sub(c, u), add(reshape(guidance.scale, [-1, 1]), 1)));
  };

  const propose = compile((weights: Record<string, Tensor>, { draws, ...inputs }: Inputs) => ({ ...draw(positionLogits(weights, inputs), draws) }), {
    name: "propose",
    frozen: frozen ? [0] : [],
    ...(executor && { executor }),
  });

  return {
    maskTokenId,
    vocabSize,
    mayProposeMask: vocabulary.forbiddenIds?.includes(maskTokenId) !== true,
    maxLength,
    get plans() {
      return propose.plans;
    },
    dispose: () => propose.dispose(),
    propose: async (request) => {
      const count = request.positions.length;
      checkTokenIds("inputIds", request.inputIds, vocabSize);
      if (count === 0) return { tokens: new Int32Array(), confidence: new Float32Array(), entropy: new Float32Array() };
      const chosen = [...request.positions.keys()];
      const { inputs, size, forwardTokens } = networkInputs(request, {
        shift,
        maxLength,
        ...(typeof attention === "object" && { blocks: attention }),
      });
      const result = await propose(parameters(), { ...inputs, draws: drawInputs(request, chosen, { size, vocabSize }) });
      return { ...drawnProposals(result, request, chosen), forwardTokens };
    },
  };
}
