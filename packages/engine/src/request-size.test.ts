import { afterAll, expect, it } from "vitest";
import { finished } from "./generation.ts";
import { loadDiffuCoder } from "./index.ts";
import { makeTinyModel } from "./tiny-model.fixture.ts";

const model = makeTinyModel();
afterAll(model.remove);
const coder = await loadDiffuCoder(model.dir, { maxRows: 8, maxTokens: 500, maxCacheBytes: 2 ** 20 });
afterAll(() => coder.close());
const prompt = "Return the sum of xs.";

it("says what a request takes before it is decoded", () => {
  const promptTokens = coder.tokenizer.encodeChat([{ role: "user", content: prompt }]).length;
  // 48 columns of prompt with its padding, 12 of completion
  expect(coder.prepare({ prompt })).toMatchObject({ promptTokens, rows: 1, columns: 60, cacheBytes: 0 });
  // keys and values of 2 layers with 1 head of 8 numbers: 2 * 2 * 8 * 4 bytes a column
  expect(coder.prepare({ prompt, cache: { kind: "dual" } })).toMatchObject({ columns: 60, cacheBytes: 60 * 128 });
  const given = coder.tokenizer.encode("def f(xs):").length + 1; // an end token
  expect(coder.prepareInfill({ prefix: "def f(xs):", suffix: "", masks: 5 })).toMatchObject({ promptTokens: given, rows: 1, columns: given + 5 });
  expect(coder.limits).toEqual({ rows: 8, tokens: 500, cacheBytes: 2 ** 20 });
});

it("refuses a bad request before anything waits", () => {
  expect(() => coder.prepare({ prompt: prompt.repeat(40) })).toThrow(/^The prompt has \d+ tokens in the chat template/);
  expect(() => coder.prepare({ prompt, steps: 0 })).toThrow("steps");
  expect(() => coder.prepareInfill({ prefix: prompt.repeat(40), suffix: "" })).toThrow(/^The text has \d+ tokens/);
});

it("decodes what it prepared as `generate` and `infill` do, and ends it by the signal", async () => {
  const options = { prompt, temperature: 1, seed: 3 };
  expect((await finished(coder.prepare(options).start())).tokenIds).toEqual((await coder.generate(options)).tokenIds);
  const holes = { prefix: "def f(xs):", suffix: "\n", masks: 5, seed: 2 };
  expect((await coder.prepareInfill(holes).start()).holeIds).toEqual((await coder.infill(holes)).holeIds);
  await expect(finished(coder.prepare(options).start(AbortSignal.abort()))).rejects.toThrow("Generation was stopped.");
  expect(coder.stats()).toMatchObject({ running: 0, waiting: 0 });
});
