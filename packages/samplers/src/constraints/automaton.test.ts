import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { MASK } from "../fake-denoiser.fixture.ts";
import { automatonConstraint } from "./automaton.ts";
import { pythonAutomaton } from "./python.ts";
import type { CharacterAutomaton } from "./token-automaton.ts";

const EOS = 7;
const texts = ["(", ")", "[", "]", "a", "()", "](", undefined];
const options = { vocabSize: 8, tokenText: (id: number) => texts[id], eosTokenIds: [EOS] };

/** Every filling of the masks, by brute force: which tokens stand at each masked position of an accepted text. */
function bruteForce(ids: readonly number[], automaton: CharacterAutomaton): Set<number>[] {
  const found = ids.map(() => new Set<number>());
  const visit = (filled: number[]): void => {
    if (filled.length < ids.length) {
      const token = ids[filled.length]!;
      for (const one of token === MASK ? Array.from({ length: 8 }, (_, id) => id) : [token]) visit([...filled, one]);
      return;
    }
    const end = filled.indexOf(EOS);
    const text = filled
      .slice(0, end === -1 ? undefined : end)
      .map((id) => texts[id]!)
      .join("");
    const state = Array.from(text).reduce<string | undefined>((at, one) => at && automaton.next(at, one), automaton.start);
    if (state !== undefined && automaton.accepts(state)) filled.forEach((token, i) => found[i]!.add(token));
  };
  visit([]);
  return found;
}

describe("automatonConstraint", () => {
  const automaton = pythonAutomaton({ maxDepth: 2 });
  const constraint = automatonConstraint({ automaton, ...options });

  it("allows a token iff some filling of the other masks is accepted", () => {
    const rows = fc.array(fc.constantFrom(MASK, MASK, MASK, 0, 1, 2, 3, 4, 5, 6, EOS), { minLength: 1, maxLength: 5 });
    fc.assert(
      fc.property(rows, (ids) => {
        const columns = ids.flatMap((token, column) => (token === MASK ? [column] : []));
        if (columns.length > 4) return;
        const { classOf, classCount } = constraint.tokenClasses;
        const end = ids.indexOf(EOS);
        const row = { ids: Int32Array.from([50, ...ids]), completionStart: 1, maskTokenId: MASK, end: end === -1 ? undefined : end + 1 };
        const allowed = constraint.allowed(
          row,
          columns.map((column) => column + 1),
        );
        const wanted = bruteForce(ids, automaton);
        columns.forEach((column, i) => {
          if (end !== -1 && column > end) return; // behind the end anything goes
          const got = Array.from({ length: 8 }, (_, id) => id).filter((id) => allowed[i * classCount + classOf[id]!] === 1);
          expect(got).toEqual([...wanted[column]!].sort((a, b) => a - b));
        });
      }),
      { numRuns: 300 },
    );
  });

  it("goes on from a prefix", () => {
    const inside = automatonConstraint({ automaton, ...options, prefix: "f([" });
    const { classOf, classCount } = inside.tokenClasses;
    const allowed = inside.allowed({ ids: Int32Array.from([MASK, MASK]), completionStart: 0, maskTokenId: MASK }, [0]);
    expect(Array.from({ length: 8 }, (_, id) => id).filter((id) => allowed[classOf[id]!] === 1)).toEqual([3]);
    expect(allowed).toHaveLength(classCount);
    expect(() => automatonConstraint({ automaton, ...options, prefix: "f(]" })).toThrow("prefix must be");
  });

  it("refuses an automaton that is too large, whoever asks first and again", async () => {
    const message = 'automaton must be a smaller one, got "more than 3 states". Lower its depth.';
    const large = automatonConstraint({ automaton, ...options, maxStates: 3 });
    await expect(large.prepare!()).rejects.toThrow(message);
    expect(() => large.tokenClasses).toThrow(message);
  });

  it("is prepared in slices, between which others have their turn", async () => {
    const words = Array.from({ length: 20_000 }, (_, id) => `${"([{)]}'\"#: a\n"[id % 13]}${"()[]ab"[id % 6]}`.repeat(1 + (id % 3)));
    const deep = { automaton: pythonAutomaton({ maxDepth: 4, indentation: 4 }), vocabSize: 20_000, eosTokenIds: [] };
    const big = automatonConstraint({ ...deep, tokenText: (id) => words[id] });
    let turns = 0;
    const others = setInterval(() => turns++, 0);
    const started = performance.now();
    await Promise.all([big.prepare!(), big.prepare!()]);
    const milliseconds = performance.now() - started;
    clearInterval(others);
    expect(turns).toBeGreaterThan(Math.min(5, milliseconds / 100));
    const again = performance.now();
    expect(big.tokenClasses.classCount).toBeGreaterThan(10);
    expect(performance.now() - again).toBeLessThan(milliseconds / 2);
  });
});
