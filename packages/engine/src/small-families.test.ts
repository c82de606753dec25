// The small diffusion coders as a user meets them: a folder, a prompt, and an answer by the family's own decoder.
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { DECODER_NAMES, namedDecoder } from "@diffucoder/samplers";
import { afterAll, describe, expect, it } from "vitest";
import { type DiffuCoder, type GenerateOptions, loadDiffuCoder } from "./index.ts";
import { readModelFolder } from "./folder/model-folder.ts";

const checkpointOf = (name: string): string => fileURLToPath(new URL(`../../model/fixtures/${name}/checkpoint`, import.meta.url));
const root = mkdtempSync(join(tmpdir(), "coders-"));
const open: DiffuCoder[] = [];
afterAll(async () => {
  await Promise.all(open.map((coder) => coder.close()));
  rmSync(root, { recursive: true });
});
const load = async (dir: string, options = {}): Promise<DiffuCoder> => {
  const coder = await loadDiffuCoder(dir, options);
  open.push(coder);
  return coder;
};

/** A copy of a fixture's folder under another name. */
function copyOf(name: string, as: string): string {
  cpSync(checkpointOf(name), join(root, as), { recursive: true });
  return join(root, as);
}

function rewrite(dir: string, file: string, change: (content: Record<string, unknown>) => object): void {
  writeFileSync(join(dir, file), JSON.stringify(change(JSON.parse(readFileSync(join(dir, file), "utf8")) as Record<string, unknown>)));
}

const prompt = "def add(a, b):";
const problemsOf = async (coder: DiffuCoder, options: object): Promise<string[]> => {
  const error: unknown = await coder.generate({ prompt, ...options }).catch((reason: unknown) => reason);
  const [first, ...problems] = (error as Error).message.split("\n  - ");
  expect(first).toBe("Invalid generate options:");
  return problems;
};

const families = {
  "a2d-qwen2": "mdlm",
  "a2d-qwen3": "mdlm",
  coda: "origin",
  sdar: "sdar_dynamic",
  "fast-dllm-v2": "fast_dllm_v2",
  "open-dcoder": "p2",
  "stable-diffcoder": "stable_diffcoder",
} as const;

describe.each(Object.entries(families))("%s", (name, alg) => {
  const loading = load(checkpointOf(name));

  it("answers with its own decoder and no option", async () => {
    const coder = await loading;
    expect(coder.generationConfig.alg).toBe(alg);
    const { tokenIds, text, completionTokens } = await coder.generate({ prompt });
    expect(tokenIds).toHaveLength(64); // half of the 128 tokens that it is made for
    expect(tokenIds).not.toContain(coder.denoiser.maskTokenId);
    expect(text).toBe(coder.tokenizer.decode(tokenIds.slice(0, completionTokens)));
  });

  it("gives a request beside others what it gives it alone", async () => {
    const coder = await loading;
    const requests = ["x", "def mul(a, b, c):\n", prompt].map((one, seed): GenerateOptions => ({ prompt: one, maxNewTokens: 9, seed }));
    const together = await coder.generate(requests);
    for (const [i, request] of requests.entries()) expect((await coder.generate(request)).tokenIds).toEqual(together[i]!.tokenIds);
  });
});

describe.each(["a2d-qwen3", "coda", "sdar"])("%s, whatever decodes it", (name) => {
  const loading = load(checkpointOf(name));

  it.each(DECODER_NAMES.filter((alg) => name !== "coda" || alg !== "speculative"))("%s fills the canvas", async (alg) => {
    const { tokenIds } = await (await loading).generate({ prompt, alg, maxNewTokens: 6 });
    expect(tokenIds).toHaveLength(6);
    expect(tokenIds).not.toContain((await loading).denoiser.maskTokenId);
  });
});

describe("a checkpoint of a2d", () => {
  it("is asked with blocks if its name says bd3lm, also in a cache of the hub", () => {
    for (const name of ["Qwen-diffusion-bd3lm-v0.1", "models--dllm-hub--Qwen-bd3lm/snapshots/0123456789012345678901234567890123456789"])
      expect(readModelFolder(copyOf("a2d-qwen2", name)).generationConfig).toMatchObject({ alg: "bd3lm", blockLength: 32 });
    expect(readModelFolder(copyOf("a2d-qwen2", "bd3lm/mdlm-v0.1")).generationConfig.alg).toBe("mdlm");
  });

  it("decodes the same with blocks and no cache, as guidance needs it, as with the exact cache", async () => {
    const coder = await load(checkpointOf("a2d-qwen3"));
    const options = { prompt, alg: "bd3lm", blockLength: 4, maxNewTokens: 10, stepsPerBlock: 2 } as const;
    const cached = await coder.generate(options);
    const uncached = await coder.generate({ ...options, compat: true });
    expect(uncached.tokenIds).toEqual(cached.tokenIds);
    expect(cached.trace.steps.map(({ cache }) => cache)).toContain("window");
    expect(uncached.trace.steps.map(({ cache }) => cache)).not.toContain("window");
    expect((await coder.generate({ ...options, alg: "bd3lm_card", stepsPerBlock: undefined, cfgScale: 0.5 })).tokenIds).toHaveLength(10);
  });

  it("sees all by its other decoders: the same model gives something else", async () => {
    const coder = await load(checkpointOf("a2d-qwen2"));
    const options = { prompt, blockLength: 4, stepsPerBlock: 4, maxNewTokens: 16 } as const;
    const [full, blocks] = [await coder.generate({ ...options, alg: "mdlm" }), await coder.generate({ ...options, alg: "bd3lm" })];
    const confidence = ({ trace }: typeof full): number[] => trace.steps.flatMap((step) => step.confidence);
    expect(confidence(full)).not.toEqual(confidence(blocks));
  });
});

describe("a block-causal model", () => {
  it("may be asked with blocks of another length, of which variants are published", async () => {
    const coder = await load(checkpointOf("sdar"));
    const lengths = await Promise.all([4, 8].map((blockLength) => coder.generate({ prompt, temperature: 0, blockLength, maxNewTokens: 24 })));
    expect(lengths[0]!.tokenIds).not.toEqual(lengths[1]!.tokenIds);
  });

  it("keeps keys and values of its sub-blocks, if it is asked to, and says what that changes", async () => {
    const coder = await load(checkpointOf("fast-dllm-v2"));
    const options = {
      prompt,
      threshold: 0.2,
      subBlockLength: 4,
      maxNewTokens: 24,
      cache: { kind: "block-causal", blockLength: 8, blockCache: true },
    } as const;
    expect((await coder.generate(options)).tokenIds).toHaveLength(24);
    const { exact, cached } = await coder.auditCache(options);
    expect(cached.forwardTokens).toBeLessThan(exact.forwardTokens);
  });

  it("has no other cache, and no other blocks in it", async () => {
    const coder = await load(checkpointOf("sdar"));
    expect(await problemsOf(coder, { cache: { kind: "dual" } })).toEqual([
      'cache: must be block-causal or absent for a model whose tokens see their own block and earlier ones only, got "dual"',
    ]);
    expect(await problemsOf(coder, { cache: { kind: "block-causal", blockLength: 8 } })).toEqual([
      "cache.blockLength: must be the 4 tokens of a block, got 8",
    ]);
  });

  it("computes what earlier requests began with no second time, unless it is told to keep nothing", async () => {
    const shared = "def add(a, b):\n    return a + b\n\n\ndef sub(a, b):";
    const options = { temperature: 0, maxNewTokens: 8, chatTemplate: false };
    const answersOf = async (coder: DiffuCoder) => [
      await coder.generate({ ...options, prompt: shared }),
      await coder.generate({ ...options, prompt: `${shared}\n    return` }),
    ];
    const [keeps, keepsNothing] = [await load(checkpointOf("sdar")), await load(checkpointOf("sdar"), { prefixCacheBytes: 0 })];
    const [kept, computed] = [await answersOf(keeps), await answersOf(keepsNothing)];
    expect(kept.map(({ tokenIds }) => tokenIds)).toEqual(computed.map(({ tokenIds }) => tokenIds));
    const reusedTokens = Math.floor(kept[0]!.promptTokens / 16) * 16; // in chunks of 16
    expect(keeps.stats().prefixCache).toMatchObject({ hits: 1, misses: 1, reusedTokens });
    expect(keepsNothing.stats().prefixCache).toEqual({ hits: 0, misses: 2, reusedTokens: 0, bytes: 0 });
    expect(keeps.stats().forwardTokens).toBeLessThanOrEqual(keepsNothing.stats().forwardTokens - reusedTokens / 2); // passes are filled up
    await keeps.close();
    expect(keeps.stats().prefixCache.bytes).toBe(0);
  });

  it("refuses a request whose keys and values do not fit", async () => {
    const coder = await load(checkpointOf("sdar"), { maxCacheBytes: 10_000 });
    await expect(coder.generate({ prompt, maxNewTokens: 64 })).rejects.toThrow(
      "Shorten the prompt, ask for fewer new tokens, or raise maxCacheBytes.",
    );
    const bad = [{ prefixCacheBytes: -1 }, { maxCacheBytes: Number.NaN }].map((options) => loadDiffuCoder(checkpointOf("sdar"), options));
    await expect(bad[0]).rejects.toThrow("Invalid load options:\n  - prefixCacheBytes: must be at least 0, got -1");
    await expect(bad[1]).rejects.toThrow("Invalid load options:\n  - maxCacheBytes: must be a finite number, got NaN");
  });

  it("takes a prompt of exactly one block", async () => {
    const coder = await load(checkpointOf("fast-dllm-v2"));
    const { tokenIds, promptTokens } = await coder.generate({ prompt: "abcdefgh", chatTemplate: false, maxNewTokens: 8 });
    expect([promptTokens, tokenIds.length]).toEqual([8, 8]);
  });

  it("wants sub-blocks that divide its blocks", async () => {
    const coder = await load(checkpointOf("fast-dllm-v2"));
    await expect(coder.generate({ prompt, subBlockLength: 3 })).rejects.toThrow(
      "Invalid fastDllmV2Decoder options:\n  - subBlockLength: must divide the 8 columns of a block, got 3",
    );
  });

  it("neither infills nor estimates a likelihood", async () => {
    const coder = await load(checkpointOf("stable-diffcoder"));
    await expect(coder.infill({ prefix: "a", suffix: "b" })).rejects.toThrow(
      'model must be a masked diffusion model that sees all of a text, to infill, got "stable-diffcoder". The tokens of this one see their own block and earlier ones only.',
    );
    await expect(coder.likelihood({ prompt: "a", completion: "b" })).rejects.toThrow(
      /^model must be a masked diffusion model that sees all of a text/,
    );
  });
});

describe("what a folder says", () => {
  it("of CoDA's file names algorithms that its code has not, and is told", async () => {
    const { generationConfig, notices } = await load(checkpointOf("coda"));
    expect(notices).toEqual(["generation_config.json says alg, alg_temp, eps, diffusion_steps, max_tokens, which are not used"]);
    expect(generationConfig).toMatchObject({ alg: "origin", temperature: 0 });
  });

  it("goes before what its family has", () => {
    const dir = copyOf("sdar", "own-settings");
    writeFileSync(join(dir, "generation_config.json"), JSON.stringify({ temperature: 0.5, top_k: 20, max_new_tokens: 40, threshold: 0.7 }));
    expect(readModelFolder(dir).generationConfig).toMatchObject({
      alg: "sdar_dynamic",
      temperature: 0.5,
      topK: 20,
      maxNewTokens: 40,
      threshold: 0.7,
    });
  });

  it("of a Qwen2 can be chosen", async () => {
    const coder = await load(checkpointOf("open-dcoder"), { family: "qwen2" });
    expect(coder.generationConfig.alg).toBe("autoregressive");
    expect((await coder.generate({ prompt, maxNewTokens: 5 })).tokenIds).toHaveLength(5);
  });

  it("must have no more tokens than the model", () => {
    const dir = copyOf("open-dcoder", "long-tokenizer");
    rewrite(dir, "added_tokens.json", (tokens) => ({ ...tokens, "<|extra|>": 260 }));
    rewrite(dir, "tokenizer.json", (file) => {
      const added = file["added_tokens"] as object[];
      return { ...file, added_tokens: [...added, { ...added.at(-1), id: 260, content: "<|extra|>" }] };
    });
    expect(() => readModelFolder(dir)).toThrow(`${dir}: the tokenizer has 261 tokens, while the model knows 260.`);
  });
});

it("names every decoder that is made for blocks", () => {
  expect(DECODER_NAMES.filter((name) => namedDecoder(name).inBlocks)).toEqual([
    "bd3lm",
    "bd3lm_card",
    "sdar_static",
    "sdar_dynamic",
    "sdar_sequential",
    "fast_dllm_v2",
    "stable_diffcoder",
    "stable_diffcoder_steps",
    "speculative",
  ]);
});
