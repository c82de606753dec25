// What a constraint costs: made once for a vocabulary, and asked before each pass, here for 256 masks at the beginning of an answer, which is the
// most that is asked. For the shipped vocabulary and, with its files next to the repository, Dream's of 151,643 tokens.
import { existsSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { type ConstraintOptions, createConstraint, type TokenTexts } from "@diffucoder/samplers";
import { Tokenizer } from "@diffucoder/tokenizer";
import { bundledModelDir } from "diffucoder";
import { mainThreadMilliseconds } from "../main-thread.ts";
import { extent, measured, median, type Result } from "../measurement.ts";
import type { SuiteOptions } from "./suite.ts";

const SUITE = "constraints";
const MASKS = 256;
const ROUNDS = 5;
/** Times that a constraint is asked in a round: the system tells processor time in steps of milliseconds. */
const ASKS = 10;
/** Stands for the mask: an id behind every vocabulary. */
const MASK = 2 ** 20;
const dream = fileURLToPath(new URL("../../../shared/tokenizer/dream", import.meta.url));

const constraints: Readonly<Record<string, ConstraintOptions>> = {
  "a call as a regular expression": { kind: "regex", pattern: String.raw`[a-z_]+\(\d{1,3}(, \d{1,3})*\)` },
  "a schema with lists and lengths": {
    kind: "json_schema",
    schema: {
      type: "object",
      properties: {
        name: { type: "string" },
        age: { type: "integer", minimum: 0, maximum: 150 },
        tags: { type: "array", items: { type: "string", maxLength: 20 }, maxItems: 5 },
        kind: { enum: ["a", "b"] },
      },
      required: ["name", "age", "kind"],
    },
  },
  "any JSON object": "json_object",
  python: "python",
};

export async function constraintsSuite({ quick, say }: SuiteOptions): Promise<Result[]> {
  const results: Result[] = [];
  const folders = [bundledModelDir(), ...(existsSync(join(dream, "vocab.json")) ? [dream] : [])];
  for (const folder of quick ? folders.slice(0, 1) : folders) {
    const tokenizer = Tokenizer.fromFolder(folder);
    const texts = textsOf(tokenizer);
    for (const [name, options] of Object.entries(constraints)) {
      say(`${SUITE}: ${name}, ${texts.vocabSize} tokens ...`);
      results.push(...(await costOf(`${name}, ${texts.vocabSize} tokens`, options, { texts, rounds: quick ? 1 : ROUNDS })));
    }
  }
  return results;
}

async function costOf(name: string, options: ConstraintOptions, { texts, rounds }: { texts: TokenTexts; rounds: number }): Promise<Result[]> {
  const [compiling, asking]: [number[], number[]] = [[], []];
  const ids = new Int32Array(MASKS).fill(MASK);
  for (let round = 0; round < rounds; round++) {
    const start = now();
    const constraint = createConstraint(options, { ...texts }); // a new vocabulary, for which none is kept
    await constraint.prepare?.();
    const made = now();
    for (let i = 0; i < ASKS; i++) constraint.allowed({ ids, completionStart: 0, maskTokenId: MASK }, [...ids.keys()]);
    compiling.push(made - start);
    asking.push((now() - made) / ASKS);
  }
  return [
    measured({ suite: SUITE, name: `${name}: made`, ours: median(compiling), spread: extent(compiling), unit: "ms" }),
    measured({ suite: SUITE, name: `${name}: ${MASKS} masks`, ours: median(asking), spread: extent(asking), unit: "ms" }),
  ];
}

const now = (): number => mainThreadMilliseconds() ?? performance.now();

function textsOf(tokenizer: Tokenizer): TokenTexts {
  const isText = (id: number): boolean => tokenizer.hasToken(id) && !tokenizer.isSpecial(id);
  return {
    vocabSize: tokenizer.vocabSize,
    eosTokenIds: [],
    tokenText: (id) => (isText(id) ? tokenizer.decode([id]) : undefined),
    tokenBytes: (id) => (isText(id) ? tokenizer.tokenBytes(id) : undefined),
  };
}
