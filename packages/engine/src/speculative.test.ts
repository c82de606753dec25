// Speculation on models that are loaded as users load them, with their exact caches.
import { copyFileSync, existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { trainBpe } from "@diffucoder/tokenizer";
import { afterAll, describe, expect, it } from "vitest";
import { type DiffuCoder, type GenerateOptions, loadDiffuCoder } from "./index.ts";
import { makeTinyModel } from "./tiny-model.fixture.ts";

const checkpointOf = (name: string): string => fileURLToPath(new URL(`../../model/fixtures/${name}/checkpoint`, import.meta.url));
const open: DiffuCoder[] = [];
afterAll(() => Promise.all(open.map((coder) => coder.close())));
const load = async (dir: string): Promise<DiffuCoder> => {
  const coder = await loadDiffuCoder(dir);
  open.push(coder);
  return coder;
};
const prompt = "def add(a, b):\n    return a + b\n\ndef add(a, b";

// Random weights, whose guesses are worse than those of a trained model.
describe.each([
  ["sdar", 0.75],
  ["fast-dllm-v2", 0.95],
  ["stable-diffcoder", 0.75],
])("%s", (name, share) => {
  const loading = load(checkpointOf(name));

  it("speculates to the text that one token a step gives, in fewer passes, beside others and alone", async () => {
    const coder = await loading;
    const options = { prompt, temperature: 0, topP: 1, maxNewTokens: 22 };
    const slow = await coder.generate({ ...options, alg: "sdar_sequential" });
    const fast = await coder.generate({ ...options, alg: "speculative" });
    expect(fast.tokenIds).toEqual(slow.tokenIds);
    expect(fast.forwardPasses).toBeLessThan(share * slow.forwardPasses);
    const others = [0, 5].map((draftTokens): GenerateOptions => ({ ...options, alg: "speculative", draftTokens }));
    for (const { tokenIds } of await coder.generate(others)) expect(tokenIds).toEqual(slow.tokenIds);
  });

  it("draws the same with and without drafts", async () => {
    const coder = await loading;
    const draw = (draftTokens: number, seed: number) =>
      coder.generate({ prompt, alg: "speculative", temperature: 1, topP: 0.95, maxNewTokens: 12, draftTokens, seed });
    const drawn = (await draw(3, 1)).tokenIds;
    expect(drawn).toEqual((await draw(0, 1)).tokenIds);
    expect(drawn).not.toEqual((await draw(3, 2)).tokenIds);
  });
});

describe("a model that cannot speculate, or not like that", () => {
  it("says so: its tokens see all", async () => {
    const folder = makeTinyModel();
    const coder = await loadDiffuCoder(folder.dir);
    await expect(coder.generate({ prompt, alg: "speculative" })).rejects.toThrow(
      "Invalid generate options:\n  - alg: speculative needs a model whose tokens see earlier ones only, or their own block and earlier ones; those of this one see all",
    );
    await coder.close();
    folder.remove();
  });
});

const weights = fileURLToPath(new URL("../../../../shared/weights", import.meta.url));
const isThere = existsSync(join(weights, "stories260K.safetensors"));

describe.skipIf(!isThere)(`stories260K${isThere ? "" : " (SKIPPED: ../shared/weights is not there)"}`, () => {
  it("speculates to the text that it writes token by token, greedily and drawn, in fewer passes", async () => {
    const dir = mkdtempSync(join(tmpdir(), "speculative-"));
    copyFileSync(join(weights, "stories260K.config.json"), join(dir, "config.json"));
    copyFileSync(join(weights, "stories260K.safetensors"), join(dir, "model.safetensors"));
    const specialTokens = Array.from({ length: 256 }, (_, i) => `<|${i}|>`);
    writeFileSync(join(dir, "tokenizer.json"), JSON.stringify(trainBpe({ texts: [], vocabSize: 512, specialTokens })));
    const coder = await load(dir);
    rmSync(dir, { recursive: true });
    const start = coder.tokenizer.decode([1]);
    const run = (alg: "autoregressive" | "speculative", options: object) => coder.generate({ prompt: start, alg, maxNewTokens: 200, ...options });
    const [slow, fast] = [await run("autoregressive", {}), await run("speculative", {})];
    expect(fast.tokenIds).toEqual(slow.tokenIds);
    expect(fast.forwardPasses).toBeLessThan(0.9 * slow.forwardPasses);
    const drawn = { temperature: 0.8, seed: 1 };
    expect((await run("speculative", drawn)).tokenIds).toEqual((await run("autoregressive", drawn)).tokenIds);
    await expect(run("speculative", { blockLength: 4 })).rejects.toThrow(
      "Invalid generate options:\n  - blockLength: must be 1 or absent for a model of type llama, whose tokens see earlier ones only, got 4",
    );
  });
});
