import { createRandom } from "@diffucoder/core";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Decoder } from "../decoders/decoder.ts";
import { dreamDecoder } from "../decoders/dream.ts";
import { dreamOnDecoder } from "../decoders/dream-on.ts";
import { editingDecoder } from "../decoders/editing.ts";
import { parallelDecoder } from "../decoders/parallel.ts";
import { remaskingDecoder } from "../decoders/remasking.ts";
import type { Denoiser } from "../denoiser.ts";
import { MASK } from "../fake-denoiser.fixture.ts";
import { generate } from "../generate.ts";
import { SamplerOptionsSchema } from "../options.ts";
import { replayTrace } from "../trace.ts";
import { allowedTokens } from "./allowed-tokens.ts";
import { automatonConstraint } from "./automaton.ts";
import { constrain, type Constraint } from "./constraint.ts";
import { pythonAutomaton } from "./python.ts";

const texts = ["(", ")", "[", "]", "{", "}", "a", "\n", "    ", ":", "'", "if x:", "()", "])", "\n    ", undefined];
const EOS = 15;

/** Proposes for each position the token that a random order prefers among the allowed ones. */
const random = (seed: number): Denoiser => ({
  maskTokenId: MASK,
  propose: async ({ positions, allowed, inputIds }) => {
    const stream = createRandom(seed).split("pass", inputIds.filter((id) => id === MASK).length);
    const tokens = Array.from(positions, (_, i) => {
      const order = stream.shuffle(Array.from({ length: 16 }, (_one, id) => id));
      const { classOf, classCount, allowed: some } = allowed![0]!;
      return order.find((id) => some[i * classCount + classOf[id]!] === 1)!;
    });
    const confidence = Float32Array.from(tokens, () => stream.uniform());
    return { tokens: Int32Array.from(tokens), confidence, entropy: confidence };
  },
});
const decode = (decoder: Decoder, constraint: Constraint, { seed = 0, maxNewTokens = 8 } = {}) =>
  generate({
    denoiser: random(seed),
    decoder: constrain(decoder, constraint),
    promptIds: [[50]],
    maxNewTokens,
    random: createRandom(0),
    padTokenId: 0,
    eosTokenIds: [EOS],
  });
const everyTwo = dreamDecoder(SamplerOptionsSchema.parse({ maxNewTokens: 8, steps: 2, schedule: "even" }));
const textOf = (ids: readonly number[]): string =>
  ids
    .slice(0, ids.indexOf(EOS) === -1 ? undefined : ids.indexOf(EOS))
    .map((id) => texts[id] ?? "")
    .join("");

describe("constrain", () => {
  it("gives positions only tokens that they may get", async () => {
    const positions = new Map([
      [0, [3]],
      [2, [3, 4]],
      [5, [4, 6, 9]],
    ]);
    for (let seed = 0; seed < 20; seed++) {
      const [ids] = (await decode(everyTwo, allowedTokens({ vocabSize: 16, positions }), { seed })).completionIds as [number[]];
      const end = ids.indexOf(EOS) === -1 ? 8 : ids.indexOf(EOS);
      for (const [position, some] of positions) if (position < end) expect(some).toContain(ids[position]);
    }
  });

  it("closes brackets and strings, whatever the model proposes and in whatever order", async () => {
    const constraint = automatonConstraint({
      automaton: pythonAutomaton({ maxDepth: 3 }),
      vocabSize: 16,
      tokenText: (id) => texts[id],
      eosTokenIds: [EOS],
    });
    const decoders = [everyTwo, parallelDecoder({ rule: "threshold", threshold: 0.5 })];
    await fc.assert(
      fc.asyncProperty(fc.nat(10_000), fc.constantFrom(...decoders), fc.integer({ min: 1, max: 12 }), async (seed, decoder, maxNewTokens) => {
        const { completionIds } = await decode(decoder, constraint, { seed, maxNewTokens });
        expect(completionIds[0]).not.toContain(MASK);
        expect(isBalanced(textOf(completionIds[0]!))).toBe(true);
      }),
      { numRuns: 60 },
    );
  });

  it("indents blocks", async () => {
    const automaton = pythonAutomaton({ maxDepth: 2, indentation: 4, maxLevels: 2 });
    const constraint = automatonConstraint({ automaton, vocabSize: 16, tokenText: (id) => texts[id], eosTokenIds: [EOS], prefix: "if x:\n" });
    for (let seed = 0; seed < 20; seed++) {
      const { completionIds } = await decode(everyTwo, constraint, { seed, maxNewTokens: 10 });
      const [first] = textOf(completionIds[0]!)
        .replace(/^( *\n)*/, "")
        .split("\n") as [string];
      expect(first).toMatch(/^ {4}\S/);
    }
  });

  it("says where no token is left", async () => {
    const none: Constraint = {
      tokenClasses: { classOf: new Int32Array(16), classCount: 1 },
      allowed: (_, columns) => new Uint8Array(columns.length),
    };
    await expect(decode(everyTwo, none)).rejects.toThrow(
      "No token at position 0 of the completion keeps to the constraint. Constraints contradict each other, the given tokens break them, or too few masks are left to keep to them.",
    );
    expect(() => allowedTokens({ vocabSize: 16, positions: new Map([[1, []]]) })).toThrow(
      "positions.get(1) must be at least one token, all below 16, got [].",
    );
    const impossible = automatonConstraint({
      automaton: pythonAutomaton(),
      vocabSize: 16,
      tokenText: (id) => texts[id],
      eosTokenIds: [EOS],
      prefix: "f((",
    });
    await expect(decode(everyTwo, impossible, { maxNewTokens: 1 })).rejects.toThrow(
      "No token at position 0 of the completion keeps to the constraint. Constraints contradict each other, the given tokens break them, or too few masks are left to keep to them.",
    );
  });

  it("holds for decoders that replace or remask what they have revealed, which do so", async () => {
    const constraint = automatonConstraint({
      automaton: pythonAutomaton({ maxDepth: 3 }),
      vocabSize: 16,
      tokenText: (id) => texts[id],
      eosTokenIds: [EOS],
    });
    const decoders = {
      editing: editingDecoder({ threshold: 0.5, editThreshold: 0.3, maxPostEdits: 4 }),
      remasking: remaskingDecoder({ steps: 6, remasking: "rescale", eta: 1 }),
    };
    const taken = { editing: 0, remasking: 0 };
    // Seeds that are fixed: how often a token is taken back depends on them.
    for (const name of ["editing", "remasking"] as const) {
      for (let seed = 0; seed < 40; seed++) {
        const { completionIds, traces } = await decode(decoders[name], constraint, { seed });
        expect(completionIds[0]).not.toContain(MASK);
        expect(isBalanced(textOf(completionIds[0]!))).toBe(true);
        const rows = [traces[0]!.initialIds, ...replayTrace(traces[0]!)];
        for (const [i, row] of rows.slice(1).entries()) {
          if (rows[i]!.some((token, column) => token !== MASK && token !== row[column])) taken[name]++;
        }
      }
    }
    expect(taken.editing).toBeGreaterThan(10);
    expect(taken.remasking).toBeGreaterThan(10);
  });

  it("leaves a revealed token where the one that would replace it does not fit", async () => {
    const positions = new Map([[0, [3]]]);
    for (let seed = 0; seed < 10; seed++) {
      const { completionIds } = await decode(editingDecoder({ threshold: 0, editThreshold: 0 }), allowedTokens({ vocabSize: 16, positions }), {
        seed,
      });
      expect(completionIds[0]![0]).toBe(3);
    }
  });

  it("refuses decoders with token classes of their own, at once", () => {
    const any = allowedTokens({ vocabSize: 16, positions: new Map() });
    const wayOut = "Use a decoder of fixed length, and one constraint that says both.";
    expect(() => constrain(dreamOnDecoder({ expandTokenId: 14, eosTokenId: EOS, vocabSize: 16 }), any)).toThrow(
      `decoder must be one without token classes of its own, to keep to a constraint, got "one that changes the length of rows". ${wayOut}`,
    );
    expect(() => constrain(constrain(everyTwo, any), any)).toThrow(
      `decoder must be one without token classes of its own, to keep to a constraint, got "one that is constrained already". ${wayOut}`,
    );
  });
});

/** By hand, and knowing no long strings, comments or escapes: none of the tokens makes one. */
function isBalanced(text: string): boolean {
  const pairs: Record<string, string> = { ")": "(", "]": "[", "}": "{" };
  const stack: string[] = [];
  for (const line of text.replaceAll(/'''[^']*(?:'{1,2}[^']+)*'''/g, "").split("\n")) {
    const code = line.replaceAll(/'[^']*'/g, "");
    if (code.includes("'")) return false;
    for (const one of code) {
      if ("([{".includes(one)) stack.push(one);
      else if (one in pairs && stack.pop() !== pairs[one]) return false;
    }
  }
  return stack.length === 0;
}
