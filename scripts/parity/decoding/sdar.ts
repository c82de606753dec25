// SDAR's sampler on its golden file: static, dynamic and sequential, the likeliest tokens and drawn ones.
import { createRandom, type Random, type StreamName } from "@diffucoder/core";
import { forward } from "@diffucoder/model";
import { sdarDecoder, tokenDistribution } from "@diffucoder/samplers";
import { compile, float32, int32, type NdArray, reshape, type Tensor } from "@diffucoder/tensor";
import type { CheckResult } from "../check.ts";
import { denoiserOf, type DiffusionModel } from "./denoisers.ts";
import { type ComparedRun, judgeRuns } from "./report.ts";
import { canvasOf, decodeRows, differingStates, padded } from "./states.ts";

export interface SdarRun {
  options: {
    block_length: number;
    temperature: number;
    top_k?: number;
    top_p?: number;
    gen_length: number;
    denoising_steps: number;
    remasking_strategy: "low_confidence_static" | "low_confidence_dynamic" | "sequential";
    confidence_threshold?: number;
    stopping_criteria_idx?: number[] | null;
  };
  choice: string;
  prompt_ids: number[];
  sequence: number[];
  /** What was drawn for every position of the block, pass by pass. */
  drawn?: number[][];
  history: { start: number; before: number[]; after: number[] }[];
}

const rules = { low_confidence_static: "static", low_confidence_dynamic: "dynamic", sequential: "sequential" } as const;

export async function checkSdar(model: DiffusionModel, runs: readonly SdarRun[]): Promise<Omit<CheckResult, "file">> {
  const compared: ComparedRun[] = [];
  for (const run of runs) compared.push({ name: JSON.stringify(run.options), differing: await sdarRun(model, run) });
  return judgeRuns(compared);
}

async function sdarRun(model: DiffusionModel, run: SdarRun): Promise<number> {
  const { options, prompt_ids: prompt, sequence, choice } = run;
  const { block_length: blockLength, top_k = 0, top_p = 1, denoising_steps, remasking_strategy } = options;
  const { maskTokenId: mask, padTokenId: pad } = model.config;
  const isDrawn = choice === "drawn";
  const filter = { topK: top_k > 0 ? top_k : undefined, topP: top_p < 1 ? top_p : undefined };
  const decoder = sdarDecoder({
    rule: rules[remasking_strategy],
    blockLength,
    stepsPerBlock: denoising_steps,
    temperature: isDrawn ? options.temperature : 0,
    ...filter,
    ...(options.confidence_threshold !== undefined && { threshold: options.confidence_threshold }),
  });
  const denoiser = denoiserOf(model, { blockLength });
  const random = [isDrawn ? await recordedDraws(model, run, filter) : createRandom(0)];
  const states = async (eosTokenIds?: readonly number[]): Promise<number[][]> => {
    const canvas = canvasOf(prompt, sequence.length - prompt.length, { mask, pad });
    return (await decodeRows([canvas], { denoiser, decoder, padTokenId: pad, random, ...(eosTokenIds && { eosTokenIds }) })).states[0]!;
  };
  const want = run.history.map(({ start, after }) => padded([...sequence.slice(0, start), ...after], sequence.length, mask));
  const stops = options.stopping_criteria_idx ?? [];
  if (stops.length === 0) return differingStates((await states()).slice(1), want) + differingStates([(await states()).at(-1)!], [sequence]);
  // Ours fills what lies behind the last block.
  const ended = (await states(stops)).at(-1)!;
  return differingStates((await states()).slice(1), want) + differingStates([ended], [sequence.map((token) => (token === mask ? pad : token))]);
}

type Filter = { topK: number | undefined; topP: number | undefined };

/** Numbers in [0, 1) with which our draw takes the tokens that the reference drew: each in the middle of its token's interval. */
async function recordedDraws(model: DiffusionModel, { options, prompt_ids, sequence, history, drawn = [] }: SdarRun, { topP, topK }: Filter) {
  const { config, parameters } = model;
  const { block_length: blockLength, temperature } = options;
  type Settings = { temperature: Tensor; filter?: { topP: Tensor; topK: Tensor } };
  const run = compile((weights: Record<string, Tensor>, inputIds: Tensor, at: Tensor, settings: Settings) => {
    const logits = forward(config, weights, { inputIds, attention: { blockLength }, logitPositions: at });
    const { probabilities, order } = tokenDistribution(reshape(logits, [blockLength, config.vocabSize]), settings);
    return { probabilities, ...(order && { order }) };
  });
  const each = (value: number): NdArray => float32(new Float32Array(blockLength).fill(value));
  const filter = { topP: each(topP ?? 1), topK: int32(new Int32Array(blockLength).fill(topK ?? config.vocabSize)) };
  const settings = { temperature: each(temperature), ...((topP ?? topK) !== undefined && { filter }) };
  const uniforms = await Promise.all(
    history.map(async ({ start, before }, pass) => {
      const ids = padded([...sequence.slice(0, start), ...before], sequence.length, config.maskTokenId);
      const columns = Array.from({ length: blockLength }, (_, i) => start + i);
      const distribution = await run(parameters, int32(ids, [1, ids.length]), int32(columns), settings);
      const row = new Float32Array(sequence.length);
      columns.forEach((column, i) => (row[column] = middleOf(drawn[pass]![i]!, distribution, i)));
      return row.slice(prompt_ids.length);
    }),
  );
  return replayed(uniforms);
}

/** The middle of a token's interval of the cumulative distribution, in the order in which it is drawn. */
function middleOf(token: number, { probabilities, order }: { probabilities: NdArray; order?: NdArray | undefined }, row: number): number {
  const width = probabilities.shape[1]!;
  let below = 0;
  for (let rank = 0; rank < width; rank++) {
    const probability = probabilities.data[row * width + rank]!;
    if ((order?.data[row * width + rank] ?? rank) === token) return below + probability / 2;
    below += probability;
  }
  return Number.NaN;
}

/** A stream whose n-th step draws the n-th of these. */
function replayed(uniforms: readonly Float32Array[]): Random {
  const random = createRandom(0);
  const stream = (own: Partial<Random>): Random => Object.assign(Object.create(random) as Random, own);
  const drawing = (numbers: Float32Array): Random =>
    stream({
      split: (...names: StreamName[]) => random.split(...names),
      fillUniform: (target) => {
        target.set(numbers.subarray(0, target.length));
        return target;
      },
    });
  return stream({
    split: (...names: StreamName[]) => (names[0] === "draw" ? drawing(uniforms[Number(names[1])] ?? new Float32Array(0)) : random.split(...names)),
  });
}
