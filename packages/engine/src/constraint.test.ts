import { ConfigError, ConstraintError } from "@diffucoder/core";
import { DECODER_NAMES, pythonAutomaton } from "@diffucoder/samplers";
import { afterAll, describe, expect, it } from "vitest";
import { type GenerateOptions, loadDiffuCoder } from "./index.ts";
import { makeTinyModel } from "./tiny-model.fixture.ts";

const model = makeTinyModel({ moreSpecialTokens: ["<|expand|>"] });
afterAll(model.remove);
const coder = await loadDiffuCoder(model.dir);

/** Whether brackets and strings are closed, and blocks indented if that is asked for. */
function isAccepted(text: string, indentation?: number): boolean {
  const automaton = pythonAutomaton({ indentation });
  let state: string | undefined = automaton.start;
  for (const character of text) state = state && automaton.next(state, character);
  return state !== undefined && automaton.accepts(state);
}

describe("generate with a constraint", () => {
  // The model's tokens see all others, so it cannot speculate; samplers' speculative.test.ts has constraints.
  it.each(DECODER_NAMES.filter((alg) => alg !== "speculative"))("%s writes text whose brackets and strings are closed", async (alg) => {
    const texts: string[] = [];
    for (let seed = 0; seed < 4; seed++) {
      const hot = alg === "editing" ? {} : { temperature: 2 };
      texts.push((await coder.generate({ prompt: "Return xs.", alg, seed, ...hot, constraint: "python" })).text);
    }
    expect(texts.map((text) => isAccepted(text))).toEqual(texts.map(() => true));
  });

  it("is needed for that: free text breaks it, and a constraint with indentation keeps to that too", async () => {
    const texts = async (options: GenerateOptions) =>
      Promise.all(Array.from({ length: 12 }, async (_, seed) => (await coder.generate({ prompt: "f", temperature: 2, seed, ...options })).text));
    expect((await texts({})).some((text) => !isAccepted(text))).toBe(true);
    const indented = await texts({ constraint: { kind: "python", indentation: 4 } });
    expect(indented.filter((text) => !isAccepted(text, 4))).toEqual([]);
  });

  it("goes on from the text of the prompt: what that opened is closed", async () => {
    const before = "x = f([";
    for (let seed = 0; seed < 4; seed++) {
      const { text } = await coder.generate({ prompt: before, chatTemplate: false, temperature: 2, seed, constraint: "python" });
      expect(isAccepted(before + text)).toBe(true);
    }
    const { text } = await coder.chat(
      [
        { role: "user", content: "x" },
        { role: "assistant", content: before },
      ],
      { continueFinalMessage: true, temperature: 2, constraint: "python" },
    );
    expect(isAccepted(before + text)).toBe(true);
  });

  it("fails where it cannot be kept", async () => {
    const continued = (prompt: string, options: GenerateOptions = {}) =>
      coder.generate({ prompt, chatTemplate: false, constraint: "python", ...options }).catch((error: unknown) => error);
    expect(await continued("a\nf(]")).toEqual(
      new ConstraintError(
        'constraint "python" cannot be kept: the text before the answer breaks it at "]" in line 2. Mend the text, or leave out the constraint.',
      ),
    );
    expect(await continued("f([{(", { maxNewTokens: 1 })).toEqual(
      new ConstraintError(
        "No token at position 0 of the completion keeps to the constraint. " +
          "Constraints contradict each other, the given tokens break them, or too few masks are left to keep to them.",
      ),
    );
    expect(await continued("f", { constraint: { kind: "python", depth: 2 } as never })).toBeInstanceOf(ConfigError);
  });
});

describe("infill with a constraint", () => {
  it("fills a hole so that the whole text keeps to it", async () => {
    for (let seed = 0; seed < 6; seed++) {
      const { text } = await coder.infill({ prefix: "f([", suffix: ") + 1", masks: 5, length: "fixed", temperature: 2, seed, constraint: "python" });
      expect(isAccepted(text)).toBe(true);
    }
  });

  it("is refused for holes that grow and shrink", async () => {
    await expect(coder.infill({ prefix: "f(", constraint: "python" })).rejects.toThrow(
      "Invalid infill options:\n  - constraint: not used by holes of variable length",
    );
  });
});

const schema = {
  type: "object",
  properties: { n: { type: "integer", minimum: 0, maximum: 20 } },
  required: ["n"],
  additionalProperties: false,
};

describe("regular expressions and JSON schemas", () => {
  // Without those that this model does not take: see above.
  it.each(DECODER_NAMES.filter((alg) => alg !== "speculative"))("%s keeps to them", async (alg) => {
    const hot = alg === "editing" ? {} : { temperature: 2 };
    const options = { prompt: "Return xs.", alg, ...hot };
    const regex = await coder.generate({ ...options, constraint: { kind: "regex", pattern: String.raw`(return|sum) [a-zé]{2,8}\(\d+\)` } });
    expect(regex.text).toMatch(/^(return|sum) [a-zé]{2,8}\(\d+\)$/);
    const json = await coder.generate({ ...options, constraint: { kind: "json_schema", schema } });
    expect(JSON.parse(json.text)).toEqual({ n: expect.toBeOneOf(Array.from({ length: 21 }, (_, i) => i)) });
  });

  it("hold for the answer as it is cut, and for a chat", async () => {
    const constraint = { kind: "regex", pattern: "(ab|x){2,}" } as const;
    for (let seed = 0; seed < 6; seed++) {
      const { text, completionTokens } = await coder.generate({ prompt: "f", maxTokens: 3, temperature: 2, seed, constraint });
      expect(text).toMatch(/^(ab|x){2,}$/);
      expect(completionTokens).toBeLessThanOrEqual(3);
    }
    const { text } = await coder.chat([{ role: "user", content: "x" }], { constraint, temperature: 1 });
    expect(text).toMatch(/^(ab|x){2,}$/);
  });

  it("hold for each hole of a text on its own", async () => {
    const pattern = String.raw`[a-z]{2,6}`;
    for (let seed = 0; seed < 4; seed++) {
      const { holes, text } = await coder.infill({
        template: ["def ", { masks: 4 }, "(é):\n    return ", { masks: 6 }, "\n"],
        length: "fixed",
        temperature: 2,
        seed,
        constraint: { kind: "regex", pattern },
      });
      expect(holes).toEqual([expect.stringMatching(/^[a-z]{2,6}$/), expect.stringMatching(/^[a-z]{2,6}$/)]);
      expect(text).toBe(`def ${holes[0]}(é):\n    return ${holes[1]}\n`);
    }
  });

  it("are refused where there is no room, or they are not supported, before the layout is told", async () => {
    const refused = async (options: Partial<GenerateOptions>) => {
      const events: unknown[] = [];
      try {
        for await (const event of coder.stream({ prompt: "f", ...options })) events.push(event);
      } catch (error) {
        return [events.length, (error as Error).message];
      }
      return events;
    };
    expect(await refused({ constraint: { kind: "json_schema", schema: { const: "0123456789012345" } } })).toEqual([
      0,
      "The shortest text that keeps to the constraint has 18 tokens, and there is room for 12. Make room for more, or allow shorter texts.",
    ]);
    expect(await refused({ constraint: { kind: "json_schema", schema: { type: "string", format: "email" } } })).toEqual([
      0,
      'constraint.schema.format: it is not supported, got "email".',
    ]);
    expect(await refused({ constraint: { kind: "regex", pattern: "(a|b)*a(a|b){30}" } })).toEqual([
      0,
      'constraint.pattern must be smaller, got "one with too many states". Lower its bounds of repetition, and what is repeated inside of repetitions.',
    ]);
  });
});
