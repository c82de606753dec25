import { bundledModelDir, DecodingOptionsSchema, loadDiffuCoder } from "diffucoder";
import { afterAll, describe, expect, it } from "vitest";
import { decodingFields, decodingOptions } from "./decoding-fields.ts";
import { createFakeEngine } from "./fake-engine.fixture.ts";
import { serve } from "./served.fixture.ts";
import { snakeCase } from "./snake-case.ts";

/** Values for the fields, none of them a default. */
const fields = {
  alg: "hierarchy",
  steps: 7,
  top_k: 5,
  alg_temp: 0.5,
  schedule: "even",
  eps: 0.01,
  block_length: 4,
  cfg_scale: 1,
  threshold: 0.7,
  low_threshold: 0.3,
  factor: 2,
  entropy_bound: 0.2,
  eta: 0.4,
  edit_threshold: 0.8,
  max_post_edits: 3,
  cache: { kind: "dual", refresh_steps: 2 },
  constraint: "python",
};
const options = {
  ...Object.fromEntries(
    Object.entries(fields).map(([name, value]) => [name.replaceAll(/_(.)/g, (_, letter: string) => letter.toUpperCase()), value]),
  ),
  cache: { kind: "dual", refreshSteps: 2 },
};

describe("the fields of decoding", () => {
  it("are all of the decoding options but OpenAI's own", () => {
    const own = ["temperature", "top_p", "seed"];
    const others = ["response_format", "regex", "pinned"];
    expect(Object.keys(decodingFields).toSorted()).toEqual(
      [...Object.keys(DecodingOptionsSchema.shape).map(snakeCase), ...others].filter((name) => !own.includes(name)).toSorted(),
    );
    expect(Object.keys(decodingFields)).toEqual(expect.arrayContaining(Object.keys(fields)));
    expect(decodingOptions({ ...options, ...fields, cache: options.cache, prompt: "p" })).toEqual(options);
  });

  it.each([
    ["/v1/denoise", { prompt: "p" }, "calls"],
    ["/v1/completions", { prompt: "p" }, "calls"],
    ["/v1/completions", { prompt: "p", suffix: "s" }, "infillings"],
    ["/v1/chat/completions", { messages: [{ role: "user", content: "p" }] }, "calls"],
  ] as const)("of %s %o reach the engine", async (path, input, where) => {
    const engine = createFakeEngine();
    const { post } = await serve(engine);
    const response = await post(path, { ...input, ...fields, temperature: 1.5 });
    expect([response.status, engine[where].length]).toEqual([200, 1]);
    expect(engine[where][0]).toMatchObject({ ...options, temperature: 1.5 });
    expect((await post(path, { ...input, eta: null, cache: null })).status).toBe(200);
    expect(engine[where][1]).not.toHaveProperty("eta");
  });

  it("that are wrong are named as the request names them", async () => {
    const { post } = await serve(createFakeEngine());
    const response = await post("/v1/denoise", { prompt: "p", alg: "best", block_length: 0, cache: { kind: "dual", refresh_steps: 0, refresh: 1 } });
    expect(response.status).toBe(400);
    expect(await response.json()).toEqual({
      error: {
        type: "invalid_request_error",
        message: expect.stringMatching(
          /^alg: must be one of "origin", .*, got "best"; block_length: must be greater than 0, got 0; cache.refresh_steps: must be greater than 0, got 0; cache: Unrecognized key: "refresh". Did you mean cache.refresh_steps\?$/,
        ),
        param: "alg",
        code: "invalid_value",
      },
    });
  });
});

describe("with the model", async () => {
  const coder = await loadDiffuCoder(bundledModelDir());
  afterAll(() => coder.close());

  it("an option that the decoder does not read is an error that says who does", async () => {
    const { post } = await serve(coder);
    const response = await post("/v1/completions", { prompt: "Return xs.", alg: "low_confidence", low_threshold: 0.5, block_length: 16 });
    expect([response.status, await response.json()]).toEqual([
      400,
      {
        error: {
          type: "invalid_request_error",
          message: "low_threshold: not used by low_confidence (used by hierarchy)",
          param: "low_threshold",
          code: "invalid_value",
        },
      },
    ]);
  });

  it("a request is decoded as its options say, within a constraint", async () => {
    const { post } = await serve(coder);
    const prompt = "Return the sum of the elements of xs.";
    const response = await post("/v1/chat/completions", {
      messages: [{ role: "user", content: prompt }],
      alg: "threshold",
      threshold: 0.5,
      block_length: 16,
      constraint: "python",
      seed: 3,
    });
    const { text } = await coder.generate({
      prompt,
      alg: "threshold",
      threshold: 0.5,
      blockLength: 16,
      constraint: "python",
      seed: 3,
      earlyExit: true,
    });
    expect(await response.json()).toMatchObject({ choices: [{ message: { content: text } }] });
    expect(text.length).toBeGreaterThan(0);
  });
});
