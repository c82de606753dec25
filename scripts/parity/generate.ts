import { createRandom, type Random, type StreamName } from "@diffucoder/core";
import { logitsFunction } from "@diffucoder/model";
import { createDenoiser, diffusionGenerate, SamplerOptionsSchema } from "@diffucoder/samplers";
import { type Check, judge, readGolden } from "./check.ts";
import { loadDiffusionModel } from "./load-diffusion-model.ts";

interface Run {
  options: { max_new_tokens: number; steps: number; alg: string; temperature: number; top_p?: number; top_k?: number; eps?: number };
  prompt_ids: number[][];
  attention_mask: number[][] | null;
  sequences: number[][];
  /** For `origin`: what was drawn in each step, one number for each masked position. */
  uniforms?: number[][];
  /** One batch for each step. */
  history: number[][][];
}

/** Greedy decoding: the whole batch after every step, token for token. */
export const generateCheck: Check = {
  file: "generate.json",
  async run(directory) {
    const runs = readGolden<Run[]>(directory, "generate.json");
    const { config, parameters, shift } = await loadDiffusionModel(directory);
    const denoiser = createDenoiser({
      logits: logitsFunction(config),
      parameters: () => parameters,
      maskTokenId: config.maskTokenId,
      vocabSize: config.vocabSize,
      shift,
    });

    let equal = 0;
    let largest = 0;
    const wrong: string[] = [];
    for (const { options, prompt_ids, attention_mask, uniforms, sequences, history } of runs) {
      const { max_new_tokens, steps, alg, temperature, top_p, top_k, eps } = options;
      const settings = { maxNewTokens: max_new_tokens, steps, alg, temperature, topP: top_p, topK: top_k, eps };
      const seen: number[][][] = [];
      const result = await diffusionGenerate({
        denoiser,
        promptIds: prompt_ids.map((ids, row) => ids.filter((_, column) => attention_mask?.[row]?.[column] !== 0)),
        options: SamplerOptionsSchema.parse(settings),
        random: prompt_ids.map(() => recordedRandom(uniforms)), // tokens are greedy in every run
        padTokenId: config.padTokenId,
        onStep: (event) => seen.push(event.sequences.map((row) => [...row])),
      });
      // Once no mask is left ours makes no more steps, while Dream repeats its last batch.
      const differences = history.map((want, step) => differingTokens(seen[step] ?? result.sequences, want));
      differences.push(differingTokens(result.sequences, sequences));
      const worst = Math.max(...differences);
      largest = Math.max(largest, worst);
      if (worst === 0) equal++;
      else wrong.push(`${JSON.stringify(options)} from step ${differences.findIndex((count) => count > 0)}`);
    }
    const notes = [`${equal} of ${runs.length} runs equal at every step`, ...wrong];
    return judge([{ what: "tokens that differ", error: largest, tolerance: 0 }], notes.join("; "));
  },
};

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
