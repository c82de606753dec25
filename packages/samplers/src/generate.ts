// From prompts to completions: rows of masks behind the prompts, a decoder, and what became of them.
import { InvalidArgumentError } from "@diffucoder/core";
import { checkTokenIds } from "@diffucoder/diffusion";
import type { Canvas } from "./canvas.ts";
import { checkRun } from "./checked-run.ts";
import { decodeCanvases, type RunOptions } from "./decode.ts";
import type { StepEvent } from "./events.ts";
import { promptCanvas } from "./prompt-canvas.ts";
import { type DenoiseTrace, startTrace, traceStep } from "./trace.ts";

/** Prompts, and how their completions are decoded. */
export interface GenerateOptions extends RunOptions {
  /** Prompts, ragged; mask tokens in them are holes to fill. */
  promptIds: readonly (readonly number[])[];
  /** Masked positions of each completion, tokens. */
  maxNewTokens: number;
  /** Columns of the prompt; shorter prompts are padded on the left. @default the longest prompt */
  promptLength?: number | undefined;
}

/** Completions of a batch of B prompts, and how they came about. */
export interface GenerationResult {
  /** Padding, prompt and completion of each row: `[B][promptLength + maxNewTokens]`. */
  sequences: number[][];
  /** Tokens of each completion, with what lies behind its end: `[B][maxNewTokens]`. */
  completionIds: number[][];
  /** Position in each completion of the token that ended it; `undefined` where none did. */
  ends: (number | undefined)[];
  /** The record of each row. */
  traces: DenoiseTrace[];
  /** Forward passes of the batch. */
  forwardPasses: number;
  /** Tokens that went through the network. */
  forwardTokens: number;
}

interface OnStep {
  /** Called after each step. What it throws ends the run. */
  onStep?: ((event: StepEvent) => void) | undefined;
}

/**
 * Completes prompts: rows of masks behind them, which the decoder fills.
 *
 * @throws as `generateSteps`
 */
export async function generate(options: GenerateOptions & OnStep): Promise<GenerationResult> {
  return runToEnd(layOut(options), options);
}

/**
 * The steps of `generate` as they happen. Leaving the loop ends the run.
 *
 * @throws {InvalidArgumentError} if a prompt is empty, too long or no token ids
 * @throws {AbortedError} when stopped
 */
export async function* generateSteps(options: GenerateOptions): AsyncGenerator<StepEvent> {
  yield* decodeCanvases(layOut(options), options);
}

/** Runs to the end, with the record of every row. */
export async function runToEnd(canvases: readonly Canvas[], { onStep, ...options }: RunOptions & OnStep): Promise<GenerationResult> {
  const { padTokenId, denoiser } = options;
  const traces = canvases.map(({ ids }) => startTrace({ ids, maskTokenId: denoiser.maskTokenId, padTokenId }));
  let last: StepEvent | undefined;
  for await (const event of decodeCanvases(canvases, options)) {
    last = event;
    for (const row of event.rows) traces[row.row]?.steps.push(traceStep(row));
    onStep?.(event);
  }
  return {
    sequences: canvases.map(({ ids }) => [...ids]),
    completionIds: canvases.map(({ ids, completionStart }) => [...ids.subarray(completionStart)]),
    ends: canvases.map(({ end, completionStart }) => end && end - completionStart),
    traces,
    forwardPasses: last?.forwardPasses ?? 0,
    forwardTokens: last?.forwardTokens ?? 0,
  };
}

/** `[left padding][prompt][masks]` for each row. */
function layOut({ promptIds, maxNewTokens, promptLength: given, ...run }: GenerateOptions): Canvas[] {
  checkRun(run);
  const { padTokenId, denoiser, tokensHook, decoder } = run;
  if (!Array.isArray(promptIds) || promptIds.length === 0)
    throw new InvalidArgumentError({ argument: "promptIds", value: promptIds, expected: "at least one prompt" });
  promptIds.forEach((ids, row) => checkTokenIds(`promptIds[${row}]`, ids, denoiser.vocabSize));
  const columnsOf = (tokens: number): number => decoder.promptLength?.(tokens) ?? tokens;
  const promptLength = given ?? Math.max(1, ...promptIds.map((ids) => columnsOf(ids.length)));
  return promptIds.map((prompt, row): Canvas => {
    const canvas = promptCanvas({ promptIds: prompt, maxNewTokens, promptLength, denoiser, padTokenId, name: `promptIds[${row}]` });
    tokensHook?.(null, canvas.ids, row);
    // Without a given length the padding depends on the other prompts, and must move no block.
    return { ...canvas, blockOrigin: given === undefined ? promptLength - columnsOf(prompt.length) : 0 };
  });
}
