import { join } from "node:path";
import { createRandom } from "@diffucoder/core";
import { loadModel, logitsFunction } from "@diffucoder/model";
import { AlgSchema, createDenoiser, diffusionGenerate, SamplerOptionsSchema } from "@diffucoder/samplers";
import { type Check, judge, readGolden } from "./check.ts";

interface Run {
  options: { max_new_tokens: number; steps: number; alg: string; temperature: number; top_p?: number; top_k?: number; eps?: number };
  prompt_ids: number[][];
  attention_mask: number[][] | null;
  sequences: number[][];
  /** One batch for each step. */
  history: number[][][];
}

/** Greedy decoding: the whole batch after every step, token for token. */
export const generateCheck: Check = {
  file: "generate.json",
  async run(directory) {
    const runs = readGolden<Run[]>(directory, "generate.json");
    const { config, parameters } = loadModel(join(directory, "checkpoint"));
    const denoiser = createDenoiser({
      logits: logitsFunction(config),
      parameters: () => parameters,
      maskTokenId: config.maskTokenId,
      vocabSize: config.vocabSize,
    });

    const covered = runs.filter(({ options }) => AlgSchema.safeParse(options.alg).success);
    let equal = 0;
    let largest = 0;
    const wrong: string[] = [];
    for (const { options, prompt_ids, attention_mask, sequences, history } of covered) {
      const { max_new_tokens, steps, alg, temperature, top_p, top_k, eps } = options;
      const settings = { maxNewTokens: max_new_tokens, steps, alg, temperature, topP: top_p, topK: top_k, eps };
      const seen: number[][][] = [];
      const result = await diffusionGenerate({
        denoiser,
        promptIds: prompt_ids.map((ids, row) => ids.filter((_, column) => attention_mask?.[row]?.[column] !== 0)),
        options: SamplerOptionsSchema.parse(settings),
        random: createRandom(0), // not read: every run is greedy
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
    const left = new Map<string, number>();
    for (const { options } of runs) if (!AlgSchema.safeParse(options.alg).success) left.set(options.alg, (left.get(options.alg) ?? 0) + 1);
    const notCovered = [...left].map(([alg, count]) => `${count} ${alg}`).join(", ");
    const notes = [`${equal} of ${covered.length} runs equal at every step`, ...wrong, ...(notCovered === "" ? [] : [`not covered: ${notCovered}`])];
    return judge([{ what: "tokens that differ", error: largest, tolerance: 0 }], notes.join("; "));
  },
};

function differingTokens(got: readonly (readonly number[])[], want: readonly (readonly number[])[]): number {
  const [flatGot, flatWant] = [got.flat(), want.flat()];
  return flatWant.filter((token, i) => token !== flatGot[i]).length + Math.abs(flatGot.length - flatWant.length);
}
