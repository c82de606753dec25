import { createRandom, type Random, type StreamName } from "@diffucoder/core";
import { createDecoder, type DecoderName, generate } from "@diffucoder/samplers";
import { type Check, type CheckResult, readGolden } from "./check.ts";
import { type A2dRun, checkA2d } from "./decoding/a2d.ts";
import { denoiserOf, type DiffusionModel } from "./decoding/denoisers.ts";
import { checkFastDllmV2, type FastDllmV2Run } from "./decoding/fast-dllm-v2.ts";
import { type ComparedRun, judgeRuns } from "./decoding/report.ts";
import { checkSdar, type SdarRun } from "./decoding/sdar.ts";
import { checkStableDiffcoder, type StableDiffcoderRun } from "./decoding/stable-diffcoder.ts";
import { loadDiffusionModel } from "./load-diffusion-model.ts";

interface Run {
  options: { max_new_tokens: number; steps: number; alg: DecoderName; temperature?: number; top_p?: number; top_k?: number; eps?: number };
  prompt_ids: number[][];
  attention_mask: number[][] | null;
  sequences: number[][];
  /** For `origin`: what was drawn in each step, one number for each masked position. */
  uniforms?: number[][];
  /** One batch for each step. */
  history: number[][][];
}

/** Decoding, token for token: the sampler of the model's own family. */
export const generateCheck: Check = {
  file: "generate.json",
  async run(directory) {
    const model = await loadDiffusionModel(directory);
    const runs = readGolden<unknown[]>(directory, "generate.json");
    switch (model.family) {
      case "a2d-qwen2":
      case "a2d-qwen3":
        return checkA2d(model, runs as A2dRun[]);
      case "sdar":
        return checkSdar(model, runs as SdarRun[]);
      case "Fast_dLLM_Qwen":
        return checkFastDllmV2(model, runs as FastDllmV2Run[]);
      case "stable-diffcoder":
        return checkStableDiffcoder(model, runs as StableDiffcoderRun[]);
      default:
        return checkDream(model, runs as Run[]);
    }
  },
};

/** Dream's form of runs, which CoDA and Open-dCoder have as well: the whole batch after every step. */
async function checkDream(model: DiffusionModel, runs: readonly Run[]): Promise<Omit<CheckResult, "file">> {
  const { config, family } = model;
  const denoiser = denoiserOf(model);
  const compared: ComparedRun[] = [];
  for (const { options, prompt_ids, attention_mask, uniforms, sequences, history } of runs) {
    const { max_new_tokens, steps, alg, temperature = 0, top_p: topP, top_k: topK, eps } = options;
    const decoder = createDecoder({ alg, steps, temperature, topP, topK, ...(eps !== undefined && { eps }) });
    const seen: number[][][] = [];
    // CoDA sees padding as it sees any token.
    const isPadding = (row: number, column: number): boolean => family !== "CoDA" && attention_mask?.[row]?.[column] === 0;
    const result = await generate({
      denoiser,
      decoder,
      maxNewTokens: max_new_tokens,
      promptIds: prompt_ids.map((ids, row) => ids.filter((_, column) => !isPadding(row, column))),
      random: prompt_ids.map(() => recordedRandom(uniforms)), // tokens are greedy in every run
      padTokenId: config.padTokenId,
      onStep: (event) => seen.push(event.sequences.map((row) => [...row])),
    });
    // Once no mask is left ours makes no more steps, while Dream repeats its last batch.
    const differences = history.map((want, step) => differingTokens(seen[step] ?? result.sequences, want));
    differences.push(differingTokens(result.sequences, sequences));
    compared.push({
      name: `${JSON.stringify(options)} from step ${differences.findIndex((count) => count > 0)}`,
      differing: Math.max(...differences),
    });
  }
  return judgeRuns(compared);
}

/** Gives the numbers that the reference drew in a step where the sampler chooses positions. */
function recordedRandom(uniforms: number[][] | undefined): Random {
  const random = createRandom(0);
  const recorded = (numbers: readonly number[]): Random => {
    const left = [...numbers];
    return Object.assign(Object.create(random) as Random, { uniform: () => left.shift() ?? Number.NaN });
  };
  return Object.assign(Object.create(random) as Random, { split: (_name: StreamName, step: number) => recorded(uniforms?.[step] ?? []) });
}

function differingTokens(got: readonly (readonly number[])[], want: readonly (readonly number[])[]): number {
  const [flatGot, flatWant] = [got.flat(), want.flat()];
  return flatWant.filter((token, i) => token !== flatGot[i]).length + Math.abs(flatGot.length - flatWant.length);
}
