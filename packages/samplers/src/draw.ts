// The last part of every denoiser's graph, and what it takes in: from the logits of M positions to proposals.
import { InvalidArgumentError, ShapeError } from "@diffucoder/core";
import {
  bool,
  cast,
  type Concrete,
  constant,
  float32,
  int32,
  split,
  squeeze,
  stack,
  take,
  takeAlongAxis,
  type Tensor,
  where,
} from "@diffucoder/tensor";
import type { DenoiseRequest, DrawOptions } from "./denoiser.ts";
import { COLDEST, HOTTEST, NEVER } from "./limits.ts";
import { sampleTokens, type SampleTokensOptions } from "./sample-tokens.ts";
import { ladder } from "./sizes.ts";

/** M positions; what is absent is wanted at none of them. */
export type DrawInputs = {
  /** `[2, M]`: temperatures, 0 is greedy, and uniform numbers; `[4, M]`: top-p and top-k too. One array is handed over, not four. */
  settings?: Tensor;
  /** bool `[M]`, where nothing is filtered. @default nowhere */
  isWhole?: Tensor;
  constraint?: {
    /** `[M, classes]` */
    allowed: Tensor;
    /** `[T, V]`, the class of each token, by the tables that the rows bring. */
    classOf: Tensor;
    /** `[M]`, which of the tables. */
    table: Tensor;
  };
};

/** What a denoiser must know of the model's vocabulary. */
export interface VocabularyOptions {
  /** Tokens of the vocabulary, V: the last axis of the logits. */
  vocabSize: number;
  /** Id of the mask token, below `vocabSize`. */
  maskTokenId: number;
  /**
   * Ids that are never proposed. Where the model proposes the mask token and it is not among them, a position stays masked, and
   * masks may be left in the end. @default none, as in Dream
   */
  forbiddenIds?: readonly number[];
  /**
   * Ids that are proposed like others, and never sure: `low_confidence` is the probability among the other tokens, and 0 for these.
   * dllm's `begin_suppress_tokens`. @default none
   */
  unsureIds?: readonly number[];
  /** Dream's `generation_logits_hook_func`, traced: changes the logits `[M, V]` of M positions before anything is drawn. */
  logitsHook?: ((logits: Tensor) => Tensor) | undefined;
}

/**
 * Logits `[M, V]`, shifted, to proposals: forbidden ids, the hook, constraints, then `sampleTokens`.
 *
 * @throws {InvalidArgumentError} if the mask token or a forbidden id is outside the vocabulary
 */
export function createDraw({ vocabSize, maskTokenId, forbiddenIds = [], unsureIds = [], logitsHook = (x) => x }: VocabularyOptions) {
  checkIds({ maskTokenId, forbiddenIds, vocabSize });
  const among = (ids: readonly number[]) => {
    const flags = new Uint8Array(vocabSize);
    for (const id of ids) flags[id] = 1;
    return bool(flags);
  };
  const [isForbidden, isUnsure] = [among(forbiddenIds), among(unsureIds)];
  return (logits: Tensor, { constraint, ...draws }: DrawInputs): DrawnTokens => {
    if (logits.shape.at(-1) !== vocabSize)
      throw new ShapeError({ argument: "logits", shape: logits.shape, expected: `[M, ${vocabSize}], as vocabSize` });
    const possible = logitsHook(forbiddenIds.length > 0 ? where(constant(isForbidden), NEVER, logits) : logits);
    const constrained = constraint === undefined ? possible : where(isAllowed(constraint), possible, NEVER);
    const { tokens, confidence, entropy } = sampleTokens(constrained, {
      ...sampleOptions(draws),
      ...(unsureIds.length > 0 && { sureLogits: where(constant(isUnsure), NEVER, constrained) }),
    });
    return { tokens, scores: stack([...CONFIDENCES.map((name) => confidence[name]), entropy]) };
  };
}

const CONFIDENCES = ["maskgit_plus", "topk_margin", "low_confidence"] as const;

/** What a pass gives, traced: int32 `[M]`, and `[4, M]`, the confidences and the entropy. */
export type DrawnTokens = { tokens: Tensor; scores: Tensor };

function sampleOptions({ settings, isWhole }: Omit<DrawInputs, "constraint">): SampleTokensOptions {
  if (settings === undefined) return {};
  const count = settings.shape[0]!;
  const [temperature, uniforms, topP, topK] = split(
    settings,
    Array.from({ length: count }, () => 1),
    0,
  ).map((row) => squeeze(row, 0));
  if (topP === undefined || topK === undefined) return { temperature, uniforms };
  return { temperature, uniforms, filter: { topP, topK: cast(topK, "int32"), ...(isWhole && { isWhole }) } };
}

/** `[M, V]` */
function isAllowed({ allowed, classOf, table }: NonNullable<DrawInputs["constraint"]>): Tensor {
  return takeAlongAxis(allowed, take(classOf, table));
}

/**
 * What the draw takes in for the positions with the given indices in the request. What no row wants is left out, and so is
 * drawing without a filter where every row has one: that is the only way in which settings choose a plan.
 *
 * @param size M, at least as many
 * @throws {InvalidArgumentError} if a temperature is not one, or a number for a position is missing
 */
export function drawInputs(request: DenoiseRequest, chosen: readonly number[], { size, vocabSize }: { size: number; vocabSize: number }) {
  const { draws, uniforms, positions, length } = request;
  const rows = chosen.map((i) => Math.floor(positions[i]! / length));
  for (const { temperature } of draws)
    if (!(temperature >= 0)) throw new InvalidArgumentError({ argument: "temperature", value: temperature, expected: "a number of at least 0" });
  if (draws.some(isDrawn) && uniforms?.length !== positions.length)
    throw new InvalidArgumentError({ argument: "uniforms", value: uniforms, expected: `${positions.length} numbers, one for each position` });
  const topKOf = ({ topK = vocabSize }: DrawOptions): number => Math.min(topK, vocabSize);
  const isFiltered = (draw: DrawOptions): boolean => (draw.topP ?? 1) < 1 || topKOf(draw) < vocabSize;
  const filters = draws.some(isFiltered);
  const settings = new Float32Array((filters ? 4 : 2) * size);
  if (filters) settings.fill(1, 2 * size, 3 * size).fill(vocabSize, 3 * size);
  const isWhole = new Uint8Array(size).fill(1);
  chosen.forEach((position, i) => {
    const draw = draws[rows[i]!]!;
    settings[i] = isDrawn(draw) ? Math.min(draw.temperature, HOTTEST) : 0;
    settings[size + i] = uniforms?.[position] ?? 0;
    if (!filters) return;
    settings[2 * size + i] = draw.topP ?? 1;
    settings[3 * size + i] = topKOf(draw);
    isWhole[i] = isFiltered(draw) ? 0 : 1;
  });
  return {
    ...((filters || draws.some(isDrawn)) && { settings: float32(settings, [settings.length / size, size]) }),
    ...(filters && !draws.every(isFiltered) && { isWhole: bool(isWhole) }),
    ...(request.allowed?.some((allowed) => allowed !== undefined) && { constraint: constraintInputs(request, chosen, { size, vocabSize }) }),
  };
}

/** The answer for the chosen positions, each with the confidence that its row asks for. */
export function drawnProposals({ tokens, scores }: Concrete<DrawnTokens>, request: DenoiseRequest, chosen: readonly number[]) {
  const { draws, positions, length } = request;
  const size = tokens.data.length;
  const entropyOf = (i: number): number => scores.data[3 * size + i]!;
  const confidenceOf = (position: number, i: number): number => {
    const name = draws[Math.floor(positions[position]! / length)]!.confidence;
    return name === "entropy" ? -entropyOf(i) : scores.data[CONFIDENCES.indexOf(name) * size + i]!;
  };
  return {
    tokens: (tokens.data as Int32Array).subarray(0, chosen.length),
    confidence: Float32Array.from(chosen, confidenceOf),
    entropy: Float32Array.from(chosen, (_, i) => entropyOf(i)),
  };
}

function isDrawn({ temperature }: DrawOptions): boolean {
  return temperature >= COLDEST;
}

/** Rows may bring different tables; positions of rows without one may get everything. */
function constraintInputs(request: DenoiseRequest, chosen: readonly number[], { size, vocabSize }: { size: number; vocabSize: number }) {
  const { positions, length } = request;
  const constraints = request.allowed!;
  const tables = [...new Set(constraints.flatMap((one) => (one ? [one.classOf] : [])))];
  const classes = ladder(Math.max(...constraints.map((one) => one?.classCount ?? 1)));
  const allowed = new Uint8Array(size * classes).fill(1);
  const table = new Int32Array(size);
  const firsts = firstPositions(request);
  chosen.forEach((position, i) => {
    const row = Math.floor(positions[position]! / length);
    const constraint = constraints[row];
    if (constraint === undefined) return;
    const at = (position - firsts.get(row)!) * constraint.classCount;
    allowed.set(constraint.allowed.subarray(at, at + constraint.classCount), i * classes);
    table[i] = tables.indexOf(constraint.classOf);
  });
  const classOf = new Int32Array(ladder(tables.length) * vocabSize);
  tables.forEach((one, i) => classOf.set(one, i * vocabSize));
  return { allowed: bool(allowed, [size, classes]), classOf: int32(classOf, [ladder(tables.length), vocabSize]), table: int32(table) };
}

/** Index of the first position that each row asks about. */
function firstPositions({ positions, length }: DenoiseRequest): Map<number, number> {
  const firsts = new Map<number, number>();
  positions.forEach((position, i) => {
    const row = Math.floor(position / length);
    if (!firsts.has(row)) firsts.set(row, i);
  });
  return firsts;
}

function checkIds({ maskTokenId, forbiddenIds, vocabSize }: { maskTokenId: number; forbiddenIds: readonly number[]; vocabSize: number }): void {
  const isToken = (id: number): boolean => Number.isInteger(id) && id >= 0 && id < vocabSize;
  if (!isToken(maskTokenId)) {
    throw new InvalidArgumentError({
      argument: "maskTokenId",
      value: maskTokenId,
      expected: `an id below ${vocabSize}`,
      wayOut: "A model without a mask token cannot denoise: is it an autoregressive one?",
    });
  }
  for (const id of forbiddenIds) {
    if (!isToken(id)) throw new InvalidArgumentError({ argument: "forbiddenIds", value: id, expected: `ids below ${vocabSize}` });
  }
  if (new Set(forbiddenIds).size === vocabSize)
    throw new InvalidArgumentError({ argument: "forbiddenIds", value: `all ${vocabSize} ids`, expected: "some of the vocabulary" });
}
