// dllm's samplers on its golden files: mdlm and bd3lm (generate.json), and the one of the model card (generate-card.json).
import { bd3lmCardDecoder, bd3lmDecoder, mdlmDecoder } from "@diffucoder/samplers";
import type { CheckResult } from "../check.ts";
import { denoiserOf, type DiffusionModel } from "./denoisers.ts";
import { type ComparedRun, judgeRuns } from "./report.ts";
import { canvasOf, decodeRows, differingStates, padded } from "./states.ts";

interface Options {
  max_new_tokens?: number;
  steps?: number;
  steps_per_block?: number;
  block_size?: number | null;
  temperature?: number;
  cfg_scale?: number;
  cfg_keep_tokens?: number[];
  suppress_tokens?: number[];
  begin_suppress_tokens?: number[];
  right_shift_logits?: boolean;
}

export interface A2dRun {
  sampler: "mdlm" | "bd3lm";
  method: "sample" | "infill";
  scheduler: "linear" | "cosine";
  options: Options;
  inputs: number[][];
  canvas: number[][];
  sequences: number[][];
  history: number[][][];
}

export type CardRun = Pick<A2dRun, "options" | "inputs" | "sequences" | "history">;

export async function checkA2d(model: DiffusionModel, runs: readonly A2dRun[]): Promise<Omit<CheckResult, "file">> {
  const compared: ComparedRun[] = [];
  for (const run of runs) {
    const compare = run.sampler === "bd3lm" ? bd3lmRun : run.method === "infill" ? infillRun : mdlmRun;
    const { sampler, method, scheduler, options } = run;
    compared.push({ name: JSON.stringify({ sampler, method, scheduler, ...options }), differing: await compare(model, run) });
  }
  const needed = runs.filter((run) => run.sampler === "bd3lm" && writesPadding(model, run)).length;
  return judgeRuns(compared, needed === 0 ? "" : `${needed} with compat: the model writes the padding id`);
}

function denoiserOptions({ right_shift_logits: shift = false, suppress_tokens = [], begin_suppress_tokens = [] }: Options) {
  return { shift, forbiddenIds: suppress_tokens, unsureIds: begin_suppress_tokens };
}

function decoderOptions({ scheduler, options }: A2dRun) {
  const { steps = 128, steps_per_block: stepsPerBlock, temperature = 0, cfg_scale: cfgScale = 0, cfg_keep_tokens: cfgKeepTokens } = options;
  return { steps, stepsPerBlock, scheduler, temperature, cfgScale, cfgKeepTokens };
}

async function mdlmRun(model: DiffusionModel, run: A2dRun): Promise<number> {
  const { maskTokenId: mask, padTokenId: pad } = model.config;
  const { max_new_tokens: masks = 128, block_size } = run.options;
  const canvases = run.inputs.map((prompt) => canvasOf(prompt, masks, { mask, pad }));
  const decoder = mdlmDecoder({ ...decoderOptions(run), blockLength: block_size ?? 128 });
  const { states } = await decodeRows(canvases, { denoiser: denoiserOf(model, denoiserOptions(run.options)), decoder, padTokenId: pad });
  return worst(run.inputs, (prompt, row) => {
    const want = [...run.history, run.sequences].map((batch) => batch[row]!.slice(0, prompt.length + masks));
    return differingStates(states[row]!.slice(1), want) + differingStates([states[row]!.at(-1)!], want.slice(-1));
  });
}

/** Blocks count from the first column, and their steps from the longest row of the batch. */
async function infillRun(model: DiffusionModel, run: A2dRun): Promise<number> {
  const { padTokenId: pad } = model.config;
  const { steps = 128, block_size = 128 } = run.options;
  const blocks = block_size === null ? 1 : Math.ceil(Math.max(...run.inputs.map(({ length }) => length)) / block_size);
  const canvases = run.inputs.map((ids) => ({ ids: Int32Array.from(ids), start: 0, completionStart: 0, filled: new Set<number>() }));
  const decoder = mdlmDecoder({ ...decoderOptions(run), stepsPerBlock: Math.ceil(steps / blocks), blockLength: block_size ?? undefined });
  const { states } = await decodeRows(canvases, { denoiser: denoiserOf(model, denoiserOptions(run.options)), decoder, padTokenId: pad });
  return worst(run.inputs, (ids, row) => {
    const want = [ids, ...run.history.map((batch) => batch[row]!.slice(0, ids.length))];
    return differingStates(states[row]!, want) + differingStates([states[row]!.at(-1)!], want.slice(-1));
  });
}

async function bd3lmRun(model: DiffusionModel, run: A2dRun): Promise<number> {
  const { maskTokenId: mask, padTokenId: pad } = model.config;
  const { max_new_tokens: masks = 128, cfg_scale = 0 } = run.options;
  const blockLength = run.options.block_size ?? 32;
  const compat = writesPadding(model, run);
  const decoder = bd3lmDecoder({ ...decoderOptions(run), blockLength, compat });
  const canvases = run.inputs.map((prompt) => canvasOf(prompt, masks, { mask, pad, start: decoder.promptLength!(prompt.length) - prompt.length }));
  const denoiser = denoiserOf(model, { ...denoiserOptions(run.options), blockLength, isUncached: compat || cfg_scale > 0 });
  // Rows are not ended: in the reference they go on until all have ended.
  const { states } = await decodeRows(canvases, { denoiser, decoder, padTokenId: pad });
  return worst(run.inputs, (prompt, row) => {
    const offset = run.canvas[row]!.length - prompt.length;
    const want = run.history.map((batch) => padded(batch[row]!.slice(offset), prompt.length + masks, mask));
    const got = states[row]!.map((state) => state.slice(canvases[row]!.start));
    return differingStates(got.slice(1), want);
  });
}

function writesPadding({ config }: DiffusionModel, { canvas, sequences }: A2dRun): boolean {
  return sequences.some((ids, row) => ids.slice(canvas[row]!.length).includes(config.padTokenId));
}

/** The card's padding stands between prompt and answer, and an ended row is filled with it. */
export async function checkCard(model: DiffusionModel, runs: readonly CardRun[]): Promise<Omit<CheckResult, "file">> {
  const compared: ComparedRun[] = [];
  for (const run of runs) compared.push({ name: JSON.stringify(run.options), differing: await cardRun(model, run) });
  return judgeRuns(compared, "with compat: the prompt's tail does not see the first block before it is finished");
}

async function cardRun(model: DiffusionModel, { options, inputs, sequences, history }: CardRun): Promise<number> {
  const { maskTokenId: mask, padTokenId: pad, eosTokenId } = model.config;
  const { steps = 128, max_new_tokens: masks = 128, temperature = 0, cfg_scale: cfgScale = 0 } = options;
  const blockLength = options.block_size ?? 32;
  const longest = Math.max(...inputs.map(({ length }) => length));
  const canvases = inputs.map((prompt) => canvasOf([...prompt, ...Array.from({ length: longest - prompt.length }, () => pad)], masks, { mask, pad }));
  const denoiser = denoiserOf(model, { shift: false, blockLength, isUncached: true });
  const decoder = bd3lmCardDecoder({ steps, blockLength, temperature, cfgScale, compat: true });
  const { states } = await decodeRows(canvases, { denoiser, decoder, padTokenId: pad });
  return worst(inputs, (_, row) => {
    // A row has its own states up to the end of the block in which it ends.
    const end = sequences[row]!.indexOf(eosTokenId, longest);
    const behind = end === -1 ? Infinity : (Math.floor(end / blockLength) + 1) * blockLength;
    const want = history.map((batch) => padded(batch[row]!.slice(0, behind), longest + masks, mask));
    return differingStates(states[row]!.slice(1), want) + sequences[row]!.slice(behind).filter((token) => token !== pad).length;
  });
}

function worst<T>(rows: readonly T[], differing: (row: T, i: number) => number): number {
  return Math.max(...rows.map(differing));
}
