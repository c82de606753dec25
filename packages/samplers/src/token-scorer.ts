// Log-probabilities of given tokens at given places of rows, where a denoiser draws tokens and tells no other's.
import { compile, constant, bool, type Executor, int32, type NdArray, selectLogProbs, type Tensor, where } from "@diffucoder/tensor";
import type { LogitsFunction } from "@diffucoder/diffusion";
import { NEVER } from "./limits.ts";
import { networkInputs } from "./network-inputs.ts";

/** A network that sees all of a row, and how its logits are read. */
export interface TokenScorerOptions {
  /** The network: parameters and token ids in, raw logits out. */
  logits: LogitsFunction;
  /** The network's parameters by name. */
  parameters: () => Readonly<Record<string, NdArray>>;
  /** Tokens of the vocabulary: the last axis of the logits. */
  vocabSize: number;
  /** Ids that have no probability. @default none */
  forbiddenIds?: readonly number[];
  /** Whether row i of the logits predicts token i + 1, as in Dream, or token i, as in LLaDA. @default true */
  shift?: boolean;
  /** Tokens of the longest row. @default any */
  maxLength?: number | undefined;
  /** Tokens of a forward pass, rows times their length, at most; a longer row is alone. @default 65,536 */
  maxTokens?: number | undefined;
  /** Where the network runs. @default ONNX Runtime on the processor */
  executor?: Executor | undefined;
}

/** A token whose probability at a column of a row is asked for. */
export interface ScoredRow {
  /** The row, masks among its tokens. */
  ids: readonly number[];
  /** The column. */
  column: number;
  /** The token. */
  token: number;
}

/** Scores tokens; holds compiled plans. */
export interface TokenScorer {
  /** The log-probability of each row's token, nats, in the order of the rows. */
  score(rows: readonly ScoredRow[]): Promise<{ logProbabilities: number[]; forwardPasses: number }>;
  /** Frees the plans. */
  dispose(): void;
}

/** Log-probabilities that a network gives tokens at masks. Rows are rounded up to few sizes, as a denoiser's are. */
export function createTokenScorer(options: TokenScorerOptions): TokenScorer {
  const { logits, parameters, vocabSize, forbiddenIds = [], shift = true, maxLength, maxTokens = 65_536, executor } = options;
  const flags = new Uint8Array(vocabSize);
  for (const id of forbiddenIds) flags[id] = 1;
  const isForbidden = bool(flags);
  type Inputs = { inputIds: Tensor; logitPositions: Tensor; attentionMask?: Tensor; positionIds?: Tensor; targets: Tensor };
  const run = compile(
    (weights: Record<string, Tensor>, { targets, ...inputs }: Inputs) =>
      selectLogProbs(where(constant(isForbidden), NEVER, logits(weights, inputs)), targets),
    { name: "score", ...(executor && { executor }) },
  );
  const pass = async (rows: readonly ScoredRow[], length: number): Promise<number[]> => {
    const inputIds = new Int32Array(rows.length * length);
    const attentionMask = new Int32Array(rows.length * length);
    rows.forEach(({ ids }, row) => {
      inputIds.set(ids, row * length);
      attentionMask.fill(1, row * length, row * length + ids.length);
    });
    const positions = Int32Array.from(rows, ({ column }, row) => row * length + column);
    const request = { inputIds, attentionMask, batchSize: rows.length, length, positions, draws: [] };
    const { inputs, size } = networkInputs(request, { shift, maxLength });
    const targets = int32(Int32Array.from({ length: size }, (_, i) => rows[i]?.token ?? 0));
    const scored = await run(parameters(), { ...(inputs as Omit<typeof inputs, "guidance" | "attention">), targets });
    return [...scored.data.subarray(0, rows.length)];
  };
  return {
    dispose: () => run.dispose(),
    score: async (rows) => {
      const length = Math.max(...rows.map(({ ids }) => ids.length));
      const atOnce = Math.max(1, Math.floor(maxTokens / length));
      const logProbabilities: number[] = [];
      let forwardPasses = 0;
      for (let from = 0; from < rows.length; from += atOnce, forwardPasses++)
        logProbabilities.push(...(await pass(rows.slice(from, from + atOnce), length)));
      return { logProbabilities, forwardPasses };
    },
  };
}
