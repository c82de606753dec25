// Equal to the reference run: sequences and histories that Dream's own generation code computed on tiny checkpoints.
import { existsSync, readFileSync } from "node:fs";
import { createRandom } from "@diffucoder/core";
import { loadModel, logitsFunction } from "@diffucoder/model";
import { compile, float32, type Tensor } from "@diffucoder/tensor";
import { describe, expect, it } from "vitest";
import { createDenoiser } from "./denoiser.ts";
import { diffusionGenerate } from "./generate.ts";
import { type Alg, AlgSchema, SamplerOptionsSchema } from "./options.ts";
import { sampleTokens, tokenDistribution } from "./sample-tokens.ts";

interface Run {
  options: { max_new_tokens: number; steps: number; alg: string; temperature: number; top_p?: number; top_k?: number; eps?: number; alg_temp?: number };
  prompt_ids: number[][];
  attention_mask: number[][] | null;
  sequences: number[][];
  history: number[][][];
}

const golden = new URL("../../../../shared/golden/", import.meta.url);

describe.runIf(existsSync(golden))("generate.json (needs ../shared)", () => {
  for (const name of ["dream-f32", "dream-bf16-sharded"]) {
    const folder = new URL(`${name}/`, golden);
    const runs: Run[] = JSON.parse(readFileSync(new URL("generate.json", folder), "utf8"));
    const covered = runs.filter(({ options }) => AlgSchema.safeParse(options.alg).success && !options.alg_temp);
    const { config, parameters } = loadModel(new URL("checkpoint/", folder).pathname);
    const denoiser = createDenoiser({ logits: logitsFunction(config), parameters: () => parameters, maskTokenId: config.maskTokenId, vocabSize: config.vocabSize });

    it.each(covered.map((run, i) => [`${run.options.alg}, ${run.prompt_ids.length} rows, ${run.options.max_new_tokens} tokens in ${run.options.steps} steps (${i})`, run] as const))(`${name}: %s`, async (_title, run) => {
      const { options, prompt_ids: prompts, attention_mask: mask } = run;
      const history: number[][][] = [];
      const result = await diffusionGenerate({
        denoiser,
        promptIds: prompts.map((ids, row) => ids.filter((_, i) => mask?.[row]?.[i] !== 0)),
        promptLength: prompts[0]!.length,
        options: SamplerOptionsSchema.parse({ maxNewTokens: options.max_new_tokens, steps: options.steps, alg: options.alg, temperature: options.temperature, ...(options.top_p && { topP: options.top_p }), ...(options.top_k && { topK: options.top_k }), ...(options.eps && { eps: options.eps }) }),
        random: createRandom(0),
        padTokenId: config.padTokenId,
        onStep: ({ sequences }) => history.push(sequences.map((row) => [...row])),
      });
      expect(result.sequences).toEqual(run.sequences);
      expect(history).toEqual(run.history.slice(0, history.length));
      // What the reference does afterwards changes nothing: it spends passes on a finished canvas.
      for (const after of run.history.slice(history.length)) expect(after).toEqual(run.sequences);
    });
  }
});

describe.runIf(existsSync(golden))("sample_tokens.json (needs ../shared)", () => {
  it.each(["dream-f32", "dream-bf16-sharded"])("%s", async (name) => {
    const data = JSON.parse(readFileSync(new URL(`${name}/sample_tokens.json`, golden), "utf8"));
    const logits = float32(data.logits.data, data.logits.shape);
    for (const { temperature, top_p: topP, top_k: topK, probs } of data.distributions) {
      const run = compile((x: Tensor, t: Tensor, p: Tensor) => {
        const { probabilities, order } = tokenDistribution(x, { temperature: temperature ? t : undefined, topP: topP && topP < 1 ? p : undefined, topK: topK ?? undefined });
        return { probabilities, ...(order && { order }) };
      });
      const result = await run(logits, temperature || 1, topP ?? 1);
      const [rows, width] = data.logits.shape;
      const actual = new Array(rows * width).fill(0);
      result.probabilities.data.forEach((p, i) => (actual[result.order ? Math.floor(i / width) * width + result.order.data[i]! : i] = p));
      expect(actual).toBeAllclose(probs.data, { atol: 2e-6, rtol: 1e-4 });
    }
    for (const alg of AlgSchema.options) {
      const run = compile((x: Tensor) => ({ ...sampleTokens(x, { alg: alg as Alg }) }));
      const { tokens, confidence } = await run(logits);
      expect([...tokens.data]).toEqual(data.greedy_confidence[alg].tokens);
      expect([...confidence.data]).toBeAllclose(data.greedy_confidence[alg].confidence, { atol: 2e-6, rtol: 1e-5 });
    }
  });
});

it.skipIf(existsSync(golden))("SKIPPED: ../shared/golden is absent, so nothing was held to the reference run", () => {});
