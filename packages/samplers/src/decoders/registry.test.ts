import { createRandom } from "@diffucoder/core";
import { describe, expect, it } from "vitest";
import { createDecoder, decodingProblems } from "../create-decoder.ts";
import { DecodingOptionsSchema, readersOf, withoutDefault } from "../decoding-options.ts";
import { decodeWith } from "./decoder-run.fixture.ts";
import { parallelDecoder } from "./parallel.ts";
import { DECODER_NAMES, DECODERS, isDecoderName, namedDecoder, readsOption } from "./registry.ts";

const options = Object.keys(DecodingOptionsSchema.shape).filter((name) => readersOf(name).length > 0);

describe("the decoders' options", () => {
  it.each(options)("%s is one option with one meaning for every decoder that reads it", (option) => {
    const schemas = readersOf(option).map((name) => withoutDefault(namedDecoder(name).options.shape[option] as never).schema);
    expect(new Set(schemas).size).toBe(1);
    expect(schemas[0]!.description).not.toBeUndefined();
  });

  it("are together those of the decoding options, beside alg, cache, constraint and seed", () => {
    const all = new Set(DECODER_NAMES.flatMap((name) => Object.keys(DECODERS[name].options.shape)));
    expect(Object.keys(DecodingOptionsSchema.shape)).toEqual(["alg", ...all, "cache", "constraint", "seed"]);
  });

  it("say which decoders read them, if they are few, and their default, if it is not the model's and they agree", () => {
    const meaning = (option: keyof typeof DecodingOptionsSchema.shape) => DecodingOptionsSchema.shape[option].description;
    expect(meaning("threshold")).toBe("probability from which a masked position is committed");
    expect(meaning("editThreshold")).toBe("probability from which another token replaces a revealed one (of editing; default: 0.9)");
    expect(meaning("eta")).toBe("how much is masked again (of remdm_cap, remdm_rescale; default: 0.1)");
    expect(meaning("steps")).toBe("denoising steps, at most one forward pass each");
    expect(meaning("blockLength")).toBe("decode in blocks of this many tokens from left to right");
  });

  it("are refused alike by the decoders and by the composed schema", () => {
    for (const option of options) {
      const composed = DecodingOptionsSchema.shape[option as "steps"];
      for (const value of [-1, 0, 0.5, 1, 2, 1e9, "x", true, null]) {
        if (option === "temperature" && value === 1e9) continue; // a request's are at most 2
        const accepted = readersOf(option).map(
          (name) => withoutDefault(namedDecoder(name).options.shape[option] as never).schema.safeParse(value).success,
        );
        expect(new Set(accepted)).toEqual(new Set([composed.safeParse(value).success]));
      }
    }
  });
});

describe("createDecoder", () => {
  it.each(DECODER_NAMES)("%s fills a row with its defaults alone", async (alg) => {
    const decoder = createDecoder({ alg }, { steps: 8 });
    const { completionIds, sequences } = await decodeWith(decoder, { random: createRandom(1) });
    const first = sequences[0]!.length - 8; // behind the prompt and its padding
    expect(completionIds).toEqual([[0, 1, 2, 3, 4, 5, 6, 7].map((column) => first + column + 10)]);
  });

  it("makes the decoder that the name stands for, with its options", async () => {
    const [named, own] = [
      createDecoder({ alg: "factor", factor: 1.9, blockLength: 4 }),
      parallelDecoder({ rule: "factor", factor: 1.9, blockLength: 4 }),
    ];
    const order = async (decoder: typeof own) => (await decodeWith(decoder)).order;
    expect(await order(named)).toEqual(await order(own));
    expect(await order(createDecoder({ alg: "factor", factor: 1 }))).not.toEqual(await order(named));
  });

  it("takes the algorithm and the steps of its context where the options give none", async () => {
    const { order } = await decodeWith(createDecoder({ schedule: "even" }, { alg: "maskgit_plus", steps: 2 }));
    expect(order.map(({ length }) => length)).toEqual([4, 4]);
    expect(createDecoder({}, { alg: "autoregressive", steps: 2 }).draw.confidence).toBe("maskgit_plus");
  });

  it("names every unknown key, bad value and option that the decoder does not read", () => {
    expect(() => createDecoder({ alg: "threshold", steps: 3, threshold: 2, blocklength: 4, cache: { kind: "dual" } } as never)).toThrow(
      [
        "Invalid decoding options:",
        "  - threshold: must be at most 1, got 2",
        '  - Unrecognized key: "blocklength". Did you mean blockLength?',
        "  - steps: not used by threshold (used by origin, maskgit_plus, topk_margin, entropy, low_confidence, random, remdm_cap, remdm_rescale, remdm_conf, p2, mdlm, bd3lm, bd3lm_card, stable_diffcoder_steps)",
      ].join("\n"),
    );
    expect(() => createDecoder({ alg: "low_confidence", steps: 2, blockLength: 3 }, { tokens: 8 })).toThrow(
      "Invalid decoding options:\n  - steps: must be at least 3, one for each block of 3 of the 8 tokens, got 2",
    );
  });
});

describe("decodingProblems", () => {
  it("is empty for what every decoder reads of the options", () => {
    for (const alg of DECODER_NAMES) {
      const read = options.filter((option) => readsOption(alg, option)).map((option) => [option, 1]);
      expect(decodingProblems({ alg, ...Object.fromEntries(read) })).toEqual([]);
    }
  });

  it("names guidance with a cache, and leaves what is no decoder's name to the schema", () => {
    expect(decodingProblems({ alg: "random", cfgScale: 1, cache: { kind: "prefix" } })).toEqual(["cfgScale: must be 0 with a cache"]);
    expect(decodingProblems({ alg: "toString", factor: 1 } as never)).toEqual([]);
    expect(isDecoderName("toString")).toBe(false);
  });
});
