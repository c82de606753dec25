import { createRandom } from "@diffucoder/core";
import { Ajv2020 } from "ajv/dist/2020.js";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Decoder } from "../decoders/decoder.ts";
import { dreamDecoder } from "../decoders/dream.ts";
import { editingDecoder } from "../decoders/editing.ts";
import { lladaDecoder } from "../decoders/llada.ts";
import { parallelDecoder } from "../decoders/parallel.ts";
import { remaskingDecoder } from "../decoders/remasking.ts";
import type { Denoiser } from "../denoiser.ts";
import { MASK } from "../fake-denoiser.fixture.ts";
import { generate } from "../generate.ts";
import { SamplerOptionsSchema } from "../options.ts";
import { constrain } from "./constraint.ts";
import { type ConstraintOptions, createConstraint, type TokenTexts } from "./named-constraint.ts";
import { regexes } from "./regular/regex.fixture.ts";
import { schemas } from "./json/schema.fixture.ts";

const PIECES = [
  "a",
  "b",
  "ab",
  "ba",
  "aab",
  "0",
  "12",
  "-",
  " ",
  "\n",
  "é",
  "{",
  "}",
  '{"',
  '":',
  '"',
  '": "',
  '", "',
  ",",
  ", ",
  "[",
  "]",
  "true",
  "null",
  "false",
  "x",
  ":",
  "1",
  ".",
  "\\",
  "\\n",
  "e",
];
const [EURO_FIRST, EURO_REST] = [Uint8Array.of(0xe2, 0x82), Uint8Array.of(0xac)];
const EOS = PIECES.length + 2;
const SIZE = EOS + 1;

const texts: TokenTexts = {
  vocabSize: SIZE,
  eosTokenIds: [EOS],
  tokenText: (id) => PIECES[id],
  tokenBytes: (id) => (id === EOS ? undefined : ([EURO_FIRST, EURO_REST][id - PIECES.length] ?? new TextEncoder().encode(PIECES[id]))),
};

function textOf(ids: readonly number[]): string {
  const end = ids.indexOf(EOS);
  const bytes = ids.slice(0, end === -1 ? undefined : end).map((id) => texts.tokenBytes!(id)!);
  return Buffer.concat(bytes).toString();
}

/** Proposes for each position the token that a random order prefers among the allowed ones. */
const random = (seed: number): Denoiser => ({
  maskTokenId: MASK,
  propose: async ({ positions, allowed, inputIds }) => {
    const stream = createRandom(seed).split("pass", inputIds.filter((id) => id === MASK).length);
    const tokens = Array.from(positions, (_, i) => {
      const order = stream.shuffle(Array.from({ length: SIZE }, (_one, id) => id));
      const { classOf, classCount, allowed: some } = allowed![0]!;
      return order.find((id) => some[i * classCount + classOf[id]!] === 1)!;
    });
    const confidence = Float32Array.from(tokens, () => stream.uniform());
    return { tokens: Int32Array.from(tokens), confidence, entropy: confidence };
  },
});

/** Wants one text, and is sure of its tokens in any order; takes another where it may not have that one. */
const wanting = (ids: readonly number[], seed: number): Denoiser => ({
  maskTokenId: MASK,
  propose: async ({ positions, allowed }) => {
    const stream = createRandom(seed);
    const tokens = Array.from(positions, (position, i) => {
      const { classOf, classCount, allowed: some } = allowed![0]!;
      const wanted = ids[position - 1] ?? EOS;
      return some[i * classCount + classOf[wanted]!] === 1 ? wanted : -1;
    });
    const confidence = Float32Array.from(tokens, () => stream.uniform());
    return { tokens: Int32Array.from(tokens), confidence, entropy: confidence };
  },
});

const decoders: Record<string, Decoder> = {
  dream: dreamDecoder(SamplerOptionsSchema.parse({ maxNewTokens: 12, steps: 4, schedule: "even", temperature: 0.8 })),
  origin: dreamDecoder(SamplerOptionsSchema.parse({ maxNewTokens: 12, steps: 12, alg: "origin" })),
  blocks: lladaDecoder({ steps: 8, blockLength: 4 }),
  threshold: parallelDecoder({ rule: "threshold", threshold: 0.5, temperature: 1.5 }),
  editing: editingDecoder({ threshold: 0.5, editThreshold: 0.3, maxPostEdits: 3 }),
  remasking: remaskingDecoder({ steps: 6, remasking: "rescale", eta: 1 }),
};

async function decode(constraint: ConstraintOptions, { decoder, denoiser, length }: { decoder: Decoder; denoiser: Denoiser; length: number }) {
  const { completionIds } = await generate({
    denoiser,
    decoder: constrain(decoder, createConstraint(constraint, texts), [{ start: 0, length }]),
    promptIds: [[50]],
    maxNewTokens: length,
    random: createRandom(0),
    padTokenId: 0,
    eosTokenIds: [EOS],
  });
  return completionIds[0]!;
}

/** The text, or why there is none. */
async function textOrRefusal(...args: Parameters<typeof decode>): Promise<{ text: string } | { refusal: string }> {
  try {
    const ids = await decode(...args);
    expect(ids).not.toContain(MASK);
    return { text: textOf(ids) };
  } catch (error) {
    return { refusal: (error as Error).message };
  }
}

const NO_ROOM =
  /^(The shortest text that keeps to the constraint has \d+ tokens, and there is room for \d+\. Make room for more, or allow shorter texts\.|No text of this model's tokens keeps to the constraint\.)$/;
const aDecoder = fc.constantFrom(...Object.keys(decoders));

describe("a regular expression", () => {
  it("is matched by the text of any decoder in any order, at any length that has room for it", async () => {
    let [matched, spread] = [0, 0];
    await fc.assert(
      fc.asyncProperty(regexes, aDecoder, fc.nat(1000), fc.integer({ min: 1, max: 12 }), async (pattern, name, seed, length) => {
        const result = await textOrRefusal({ kind: "regex", pattern }, { decoder: decoders[name]!, denoiser: random(seed), length });
        if ("refusal" in result) {
          expect([pattern, result.refusal]).toEqual([pattern, expect.stringMatching(NO_ROOM)]);
          return;
        }
        expect([pattern, result.text]).toEqual([pattern, expect.stringMatching(new RegExp(`^(?:${pattern})$`, "us"))]);
        matched++;
        if (result.text.includes("€")) spread++;
      }),
      { numRuns: 200, seed: 3 },
    );
    expect(matched).toBeGreaterThan(120);
    expect(spread).toBeGreaterThan(5); // a character of two tokens
  });

  it("leaves a text that matches as it is", async () => {
    const ids = ["ab", "12", "-", "é", "a"].map((piece) => PIECES.indexOf(piece));
    for (const name of Object.keys(decoders))
      for (let seed = 0; seed < 4; seed++) {
        const got = await decode(
          { kind: "regex", pattern: String.raw`[a-c]+\d{2,4}-?.a|b{3}` },
          { decoder: decoders[name]!, denoiser: wanting(ids, seed), length: 8 },
        );
        expect([name, textOf(got)]).toEqual([name, "ab12-éa"]);
      }
  });

  it("that needs more tokens than there are, or tokens that the model has not, is refused before anything is decoded", async () => {
    const refusal = async (pattern: string) =>
      textOrRefusal({ kind: "regex", pattern }, { decoder: decoders["dream"]!, denoiser: random(0), length: 4 });
    expect(await refusal("(ab){5}")).toEqual({
      refusal: "The shortest text that keeps to the constraint has 5 tokens, and there is room for 4. Make room for more, or allow shorter texts.",
    });
    expect(await refusal("z")).toEqual({ refusal: "No text of this model's tokens keeps to the constraint." });
    expect(await refusal(String.raw`[^\s\S]`)).toEqual({ refusal: "No text of this model's tokens keeps to the constraint." });
  });
});

describe("a JSON schema", () => {
  const ajv = new Ajv2020({ strict: false, unicodeRegExp: true });

  it("is kept to by the text of any decoder in any order", async () => {
    let valid = 0;
    await fc.assert(
      fc.asyncProperty(schemas, aDecoder, fc.nat(1000), fc.integer({ min: 8, max: 30 }), async (schema, name, seed, length) => {
        const result = await textOrRefusal({ kind: "json_schema", schema }, { decoder: decoders[name]!, denoiser: random(seed), length });
        if ("refusal" in result) {
          expect([schema, result.refusal]).toEqual([schema, expect.stringMatching(NO_ROOM)]);
          return;
        }
        const validate = ajv.compile(schema);
        expect([schema, result.text, validate(JSON.parse(result.text))]).toEqual([schema, result.text, true]);
        valid++;
      }),
      { numRuns: 70, seed: 4 },
    );
    expect(valid).toBeGreaterThan(30);
  });

  it("json_object is any object", async () => {
    for (let seed = 0; seed < 12; seed++) {
      const ids = await decode("json_object", { decoder: decoders["dream"]!, denoiser: random(seed), length: 20 });
      expect(JSON.parse(textOf(ids))).toBeTypeOf("object");
      expect(textOf(ids)[0]).toBe("{");
    }
  });
});
