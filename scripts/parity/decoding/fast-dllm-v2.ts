// Fast-dLLM v2's sampler on its golden file, with and without its cache inside the block.
import { fastDllmV2Decoder } from "@diffucoder/samplers";
import type { CheckResult } from "../check.ts";
import { denoiserOf, type DiffusionModel } from "./denoisers.ts";
import { type ComparedRun, judgeRuns } from "./report.ts";
import { canvasOf, decodeRows, differingStates } from "./states.ts";

export interface FastDllmV2Run {
  options: {
    max_new_tokens: number;
    block_size: number;
    small_block_size: number;
    threshold: number;
    temperature: number;
    use_block_cache: boolean;
    stop_token: number;
  };
  prompt_ids: number[];
  sequence: number[];
  history: number[][];
}

export async function checkFastDllmV2(model: DiffusionModel, runs: readonly FastDllmV2Run[]): Promise<Omit<CheckResult, "file">> {
  const compared: ComparedRun[] = [];
  for (const run of runs) compared.push({ name: JSON.stringify(run.options), differing: await fastDllmV2Run(model, run) });
  return judgeRuns(compared);
}

async function fastDllmV2Run(model: DiffusionModel, { options, prompt_ids: prompt, sequence, history }: FastDllmV2Run): Promise<number> {
  const { block_size: blockLength, small_block_size: subBlockLength, threshold, temperature, use_block_cache: blockCache, stop_token } = options;
  const { maskTokenId: mask, padTokenId: pad } = model.config;
  // Whole blocks, and the first token of the next one.
  const length = (Math.floor(prompt.length / blockLength) + Math.floor(options.max_new_tokens / blockLength)) * blockLength + 1;
  const decoder = fastDllmV2Decoder({ blockLength, subBlockLength, threshold, temperature });
  const run = { denoiser: denoiserOf(model, { blockLength, blockCache }), decoder, padTokenId: pad };
  const [free, ended] = await Promise.all(
    [[], [stop_token]].map((eosTokenIds) => decodeRows([canvasOf(prompt, length - prompt.length, { mask, pad })], { ...run, eosTokenIds })),
  );
  // The reference's states begin with a block's first token and one more; ours has both steps.
  const order = differingStates(free!.states[0]!, history, { mayPause: true });
  const last = ended!.states[0]!.at(-1)!;
  return order + differingStates([last], [sequence]) + last.slice(sequence.length).filter((token) => token !== pad).length;
}
