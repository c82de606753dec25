// A stranger's tokenizer files, changed at random: loading and using them ends with an answer or one of our errors, within a bound
// of time. TOKENIZER_FUZZ_MINUTES sets how long it runs; without it, a few hundred files.
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createRandom, DiffuCoderError, type Random } from "@diffucoder/core";
import { expect, it } from "vitest";
import { SPECIAL_TOKENS, Tokenizer, trainBpe } from "./index.ts";

const minutes = Number(process.env["TOKENIZER_FUZZ_MINUTES"] ?? 0);
const FILES = 300;
/** Milliseconds for one file and its texts: the watchdog of a split pattern lets go after 2,000, for each of two texts. */
const LONGEST = 15_000;

const file = trainBpe({ texts: ["def f(xs):\n    return sum(xs)\n"], vocabSize: 262, specialTokens: Object.values(SPECIAL_TOKENS) });
const template = `{% set ns = namespace(n=0) %}{% for m in messages if m.role != 'system' %}{{ '<|im_start|>' + m.role + '\n' + m.content | trim }}
{%- if '</think>' in m.content %}{{ m.content.split('</think>')[-1][:5] | tojson }}{% endif %}{% set ns.n = ns.n + loop.index %}{% endfor %}{{ ns.n ~ [1, 2.5, none] }}`;
const config = { eos_token: "<|im_end|>", added_tokens_decoder: { 400: { content: "<x>", lstrip: true } }, chat_template: template };

const words = "a|<|mask|>|Ġ|Split|Digits|ByteLevel|Sequence|NFC|NFKD|Removed|Contiguous|MergedWithNext|__proto__|constructor|[^a]|(?i:s)|.*.*.*x";
const scraps: readonly unknown[] = [
  ...words.split("|"),
  null,
  true,
  -1,
  0,
  1e9,
  1e300,
  "",
  "\uD800",
  [],
  {},
  [[]],
  "(a+)+$",
  "(a|a)*b",
  String.raw`\s+$`,
  "(?>a+)",
  { type: "Digits", individual_digits: true },
  { type: "Split", pattern: { Regex: "(a*)*b" }, behavior: "Isolated", invert: true },
  { type: "ByteLevel", add_prefix_space: false },
];
const pieces =
  "{% {%- %} {{ }} {# #} for in if else endif endfor set macro endmacro call filter range(99999999) ~ | + * ** // [ ] ( ) [::-1] . , : = == not in is m messages ns loop namespace() 'a' '<|im_end|>' 9 1.5 tojson join replace('a','aaaa') split() length list sort items indent".split(
    " ",
  );

function mutated(value: unknown, random: Random): unknown {
  if (random.integer(0, 12) === 0) return scraps[random.integer(0, scraps.length)];
  if (Array.isArray(value)) {
    const list = value.length === 0 ? [] : [...value];
    const at = random.integer(0, list.length + 1);
    if (at < list.length) list[at] = mutated(list[at], random);
    else if (random.integer(0, 2) === 0) list.push(scraps[random.integer(0, scraps.length)]);
    return list;
  }
  if (typeof value === "string") {
    const at = random.integer(0, value.length + 1);
    const piece = pieces[random.integer(0, pieces.length)]!;
    return value.slice(0, at) + piece + value.slice(at + random.integer(0, 6));
  }
  if (typeof value !== "object" || value === null) return scraps[random.integer(0, scraps.length)];
  const keys = Object.keys(value);
  const key = keys.length === 0 ? undefined : keys[random.integer(0, keys.length)];
  if (key === undefined) return { [pieces[random.integer(0, pieces.length)]!]: 1 };
  const { [key]: inner, ...others } = value as Record<string, unknown>;
  return random.integer(0, 10) === 0 ? others : { ...others, [key]: mutated(inner, random) };
}

const times = <T>(count: number, value: T, change: (value: T) => T): T => Array.from({ length: count }).reduce((now: T) => change(now), value);

it(
  "answers or names what is wrong, for all files",
  () => {
    const folder = mkdtempSync(join(tmpdir(), "tokenizer-fuzz-"));
    const counts = { files: 0, loaded: 0, refused: 0, rendered: 0 };
    const end = performance.now() + 60_000 * minutes;
    let longest = 0;
    try {
      for (let seed = 0; minutes > 0 ? performance.now() < end : seed < FILES; seed++) {
        const random = createRandom(seed);
        const change = (value: unknown): unknown => times(random.integer(0, 4), value, (one) => mutated(one, random));
        // One part at a time, or nothing would get past the first check.
        const part = random.integer(0, 4);
        const json = part === 0 ? change(file) : part === 1 ? { ...file, pre_tokenizer: change(file.pre_tokenizer) } : file;
        const settings = part === 2 ? change(config) : part === 3 ? { ...config, chat_template: change(template) } : config;
        writeFileSync(join(folder, "tokenizer.json"), JSON.stringify(json) ?? "null");
        writeFileSync(join(folder, "tokenizer_config.json"), JSON.stringify(settings) ?? "null");
        counts.files++;
        const started = performance.now();
        const attempt = (act: () => void): boolean => {
          try {
            act();
            return true;
          } catch (error) {
            if (!(error instanceof DiffuCoderError)) throw new Error(`seed ${seed}: ${String(error)}`, { cause: error });
            return false;
          }
        };
        const isLoaded = attempt(() => {
          const tokenizer = Tokenizer.fromFolder(folder);
          counts.loaded++;
          for (const text of ["def f(xs): <|mask|> é\n 12 aab", `${"a".repeat(40)}!`])
            attempt(() => expect(tokenizer.decode(tokenizer.encode(text)).normalize("NFKC")).toBe(text.normalize("NFKC")));
          attempt(() => {
            const said = "<|im_end|> x </think> y <|mask|>";
            const ids = tokenizer.encodeChat([{ role: "user", content: said }]);
            if (part < 2) expect(ids.filter((id) => id === tokenizer.special.imEnd)).toEqual([]);
            counts.rendered++;
          });
        });
        if (!isLoaded) counts.refused++;
        longest = Math.max(longest, performance.now() - started);
        expect(longest, `seed ${seed}`).toBeLessThan(LONGEST);
      }
    } finally {
      rmSync(folder, { recursive: true });
    }
    if (process.env["TOKENIZER_FUZZ_COUNTS"])
      writeFileSync(process.env["TOKENIZER_FUZZ_COUNTS"], JSON.stringify({ ...counts, longest: Math.round(longest) }));
    expect(counts.loaded).toBeGreaterThan(counts.files / 10);
  },
  60_000 * minutes + 300_000,
);
