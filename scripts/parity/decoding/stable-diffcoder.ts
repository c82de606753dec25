// Stable-DiffCoder's sampler on its golden file, with a threshold and with a number of steps.
import { stableDiffcoderDecoder, stableDiffcoderStepsDecoder } from "@diffucoder/samplers";
import type { CheckResult } from "../check.ts";
import { denoiserOf, type DiffusionModel } from "./denoisers.ts";
import { type ComparedRun, judgeRuns } from "./report.ts";
import { canvasOf, decodeRows, differingStates } from "./states.ts";

export interface StableDiffcoderRun {
  options: { steps: number; gen_length: number; block_length: number; temperature: number; threshold: number | null; eos_id: number };
  prompt_ids: number[];
  sequence: number[];
  history: number[][];
}

export async function checkStableDiffcoder(model: DiffusionModel, runs: readonly StableDiffcoderRun[]): Promise<Omit<CheckResult, "file">> {
  const compared: ComparedRun[] = [];
  for (const run of runs) compared.push({ name: JSON.stringify(run.options), differing: await stableDiffcoderRun(model, run) });
  return judgeRuns(compared);
}

async function stableDiffcoderRun(model: DiffusionModel, { options, prompt_ids: prompt, sequence, history }: StableDiffcoderRun): Promise<number> {
  const { steps, gen_length: masks, block_length: blockLength, temperature, threshold, eos_id } = options;
  const { maskTokenId: mask, padTokenId: pad } = model.config;
  const decoder =
    threshold === null
      ? stableDiffcoderStepsDecoder({ steps, blockLength, temperature })
      : stableDiffcoderDecoder({ threshold, blockLength, temperature });
  const run = { denoiser: denoiserOf(model, { blockLength }), decoder, padTokenId: pad };
  const free = await decodeRows([canvasOf(prompt, masks, { mask, pad })], run);
  const ended = await decodeRows([canvasOf(prompt, masks, { mask, pad })], { ...run, eosTokenIds: [eos_id] });
  // Behind the end token lies nothing of the answer: there, the reference repeats the token.
  const end = sequence.indexOf(eos_id, prompt.length);
  const answer = end === -1 ? sequence : sequence.slice(0, end + 1);
  return differingStates(free.states[0]!.slice(1), history) + differingStates([ended.states[0]!.at(-1)!], [answer]);
}
