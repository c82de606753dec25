// Files that a stranger wrote: they are read, or there is soon one error that a person can read.
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DiffuCoderError } from "@diffucoder/core";
import { readSafetensors, writeSafetensors } from "@diffucoder/tensor";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import {
  type AutoregressiveConfig,
  AutoregressiveConfigSchema,
  loadModel,
  type ModelConfig,
  ModelConfigSchema,
  modelTraits,
  parameterShapes,
  readModelConfig,
  saveModel,
} from "./index.ts";
import { toHuggingFaceConfig } from "./hugging-face-config.ts";
import { smallConfig, smallParameters } from "./small-model.fixture.ts";

const folder = mkdtempSync(join(tmpdir(), "strangers-files-"));
const at = (name: string): string => join(folder, name);
afterAll(() => rmSync(folder, { recursive: true }));

/** Longest that a file of a few kilobytes may take on a loaded machine, milliseconds. */
const SOON = 5000;

/** What `read` gives, or `undefined` if it refuses in one readable error. */
async function readOrRefused<T>(read: () => T | Promise<T>): Promise<T | undefined> {
  const started = performance.now();
  try {
    return await read();
  } catch (error) {
    expect(error).toBeInstanceOf(DiffuCoderError);
    expect((error as Error).message.length).toBeLessThan(20_000);
    return undefined;
  } finally {
    expect(performance.now() - started).toBeLessThan(SOON);
  }
}

const number = fc.oneof(
  fc.constantFrom(0, 1, 2, 4, 8, 16, 24, 13, -1, 0.5, 1e9, 2 ** 31, 2 ** 53, 1e300, -1e300, 1e-320),
  fc.integer(),
  fc.double({ noNaN: true, noDefaultInfinity: true }),
);
const text = fc.oneof(
  fc.constantFrom(
    "Dream",
    "qwen2",
    "llama",
    "silu",
    "yarn",
    "linear",
    "llama3",
    "default",
    "full_attention",
    "__proto__",
    "../x",
    "/dev/zero",
    "x".repeat(5000),
  ),
  fc.string(),
);
const scalar = fc.oneof(number, text, fc.boolean(), fc.constant(null));
const rope = fc.dictionary(
  fc.constantFrom(
    "type",
    "rope_type",
    "rope_theta",
    "factor",
    "original_max_position_embeddings",
    "low_freq_factor",
    "high_freq_factor",
    "beta_fast",
    "partial_rotary_factor",
  ),
  scalar,
);
const value = fc.oneof(scalar, fc.array(scalar, { maxLength: 4 }), rope, fc.jsonValue());

const good = { ...toHuggingFaceConfig(smallConfig, "F32"), rope_parameters: undefined };
const keys = fc.oneof(
  fc.constantFrom(
    ...Object.keys(good),
    "rope_parameters",
    "layer_types",
    "partial_rotary_factor",
    "head_dim",
    "attention_bias",
    "quantization_config",
    "num_experts",
    "clip_qkv",
    "__proto__",
  ),
  fc.string(),
);

describe("a config.json of anything", () => {
  const readAndHeld = async (): Promise<ModelConfig | AutoregressiveConfig | undefined> => {
    const config = await readOrRefused(() => readModelConfig(at("config.json")));
    if (config === undefined) return undefined;
    const schema = modelTraits(config).isDiffusion ? ModelConfigSchema : AutoregressiveConfigSchema;
    expect(schema.safeParse(config).success).toBe(true);
    for (const shape of Object.values(parameterShapes({ ...config, numHiddenLayers: 1 }))) expect(shape.every(Number.isSafeInteger)).toBe(true);
    return config;
  };

  it("is read or refused: good ones with some keys changed, and then read back as written", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.tuple(keys, value), { minLength: 1, maxLength: 5 }), async (changes) => {
        // Written by hand: a key may come twice, and __proto__ is a key like any other.
        const members = [...Object.entries(good), ...changes].filter(([, one]) => one !== undefined);
        writeFileSync(at("config.json"), `{${members.map(([key, one]) => `${JSON.stringify(key)}:${JSON.stringify(one)}`).join(",")}}`);
        const config = await readAndHeld();
        if (config === undefined) return;
        writeFileSync(at("config.json"), JSON.stringify(toHuggingFaceConfig(config, "F32")));
        expect(readModelConfig(at("config.json"))).toEqual(config);
      }),
    );
  });

  it("is read or refused: any JSON, and any bytes in the place of some", async () => {
    const whole = Buffer.from(JSON.stringify(good));
    const changed = fc.array(fc.tuple(fc.nat(whole.length - 1), fc.nat(255)), { minLength: 1, maxLength: 4 }).map((changes) => {
      const bytes = Buffer.from(whole);
      for (const [where, byte] of changes) bytes[where] = byte;
      return bytes;
    });
    await fc.assert(
      fc.asyncProperty(
        fc.oneof(
          fc.json().map((one) => Buffer.from(one)),
          changed,
        ),
        async (bytes) => {
          writeFileSync(at("config.json"), bytes);
          await readAndHeld();
        },
      ),
    );
  });
});

describe("weights of anything", () => {
  const model = (name: string): string => join(folder, "model", name);
  beforeAll(() => {
    mkdirSync(join(folder, "model"));
    writeFileSync(join(folder, "secret.safetensors"), "");
    saveModel(join(folder, "model"), { config: smallConfig, parameters: smallParameters(), maxShardBytes: 8000 });
  });
  const isLoadedOrRefused = async (): Promise<void> => {
    const loaded = await readOrRefused(() => loadModel(join(folder, "model")));
    if (loaded === undefined) return;
    for (const [name, shape] of Object.entries(parameterShapes(loaded.config))) {
      expect(loaded.parameters[name]?.shape).toEqual(shape);
      expect(loaded.parameters[name]?.data.every(Number.isFinite)).toBe(true);
    }
  };

  it("are loaded or refused: an index of anything", async () => {
    const index = readFileSync(model("model.safetensors.index.json"), "utf8");
    const { weight_map: weightMap } = JSON.parse(index) as { weight_map: Record<string, string> };
    const name = fc.oneof(fc.constantFrom(...Object.keys(weightMap), "__proto__"), fc.string());
    const file = fc.oneof(
      fc.constantFrom(
        ...Object.values(weightMap),
        "../secret.safetensors",
        "/dev/zero",
        "..",
        ".",
        "",
        "config.json",
        "a\0b",
        "model",
        "..\\secret.safetensors",
      ),
      value,
    );
    const nearlyRight = fc
      .array(fc.tuple(name, file), { minLength: 1, maxLength: 4 })
      .map((changes) => ({ weight_map: { ...weightMap, ...Object.fromEntries(changes) } }));
    await fc.assert(
      fc.asyncProperty(fc.oneof(nearlyRight, fc.record({ weight_map: value }), fc.jsonValue()), async (content) => {
        writeFileSync(model("model.safetensors.index.json"), JSON.stringify(content) ?? "");
        await isLoadedOrRefused();
      }),
    );
    writeFileSync(model("model.safetensors.index.json"), index);
  });

  it("are loaded or refused: a shard with names, types and bytes of anything", async () => {
    const shard = Object.values(
      (JSON.parse(readFileSync(model("model.safetensors.index.json"), "utf8")) as { weight_map: Record<string, string> }).weight_map,
    )[0] as string;
    const whole = readFileSync(model(shard));
    const { arrays } = readSafetensors(model(shard));
    const rename = fc.constantFrom(
      (name: string) => name,
      (name: string) => `_orig_mod.${name}`,
      (name: string) => name.replace("model.", ""),
      (name: string) => `x.${name}`,
      (name: string) => name.replace("weight", "codes"),
    );
    const headerBytes = Number(whole.readBigUInt64LE());
    const byte = fc.tuple(fc.oneof(fc.nat(headerBytes + 7), fc.nat(whole.length - 1)), fc.nat(255));
    await fc.assert(
      fc.asyncProperty(
        rename,
        fc.constantFrom("F32", "F16", "BF16"),
        fc.array(byte, { maxLength: 3 }),
        fc.option(fc.nat(whole.length)),
        async (name, dtype, bytes, cut) => {
          writeSafetensors(model(shard), Object.fromEntries(Object.entries(arrays).map(([key, array]) => [name(key), array])), { dtype });
          const content = readFileSync(model(shard));
          for (const [where, one] of bytes) content[where % content.length] = one;
          writeFileSync(model(shard), content.subarray(0, cut ?? content.length));
          await isLoadedOrRefused();
        },
      ),
    );
    writeFileSync(model(shard), whole);
  });
});
