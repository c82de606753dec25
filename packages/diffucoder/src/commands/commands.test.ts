import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseTrace } from "@diffucoder/samplers";
import { afterAll, beforeEach, describe, expect, it } from "vitest";
import { runCommand } from "../command.ts";
import { loadDiffuCoder } from "@diffucoder/engine";
import { makeTinyModel } from "../../../engine/src/tiny-model.fixture.ts";

const model = makeTinyModel();
const folder = mkdtempSync(join(tmpdir(), "diffucoder-commands-"));
afterAll(() => {
  model.remove();
  rmSync(folder, { recursive: true });
});
let output: string[] = [];
let errors: string[] = [];
beforeEach(() => {
  output = [];
  errors = [];
});
const terminal = {
  out: (text: string) => void output.push(text),
  error: (text: string) => void errors.push(text),
  bytes: (data: Uint8Array) => void output.push(Buffer.from(data).toString()),
};
const run = (...args: string[]) => runCommand([...args, "--model", model.dir], { terminal, signal: new AbortController().signal });
const file = (name: string, content: string | object): string => {
  const path = join(folder, name);
  writeFileSync(path, typeof content === "string" ? content : JSON.stringify(content));
  return path;
};
const coder = await loadDiffuCoder(model.dir);
const prompt = "Return the sum of xs.";

describe("diffucoder generate", () => {
  it("prints what generate gives, with settings from a file, from flags and from --set, the later over the earlier", async () => {
    const config = file("config.json", { prompt, alg: "threshold", threshold: 0.1, blockLength: 3, seed: 1, temperature: 1 });
    expect(await run("generate", "--config", config, "--threshold", "0.5", "--block-length", "2", "--set", "blockLength=4", "--json")).toBe(0);
    const {
      trace: _,
      seconds: _seconds,
      ...want
    } = await coder.generate({
      prompt,
      alg: "threshold",
      threshold: 0.5,
      blockLength: 4,
      seed: 1,
      temperature: 1,
    });
    const { seconds: _took, ...got } = JSON.parse(output[0]!) as Record<string, unknown>;
    expect(got).toEqual(want);
  });

  it("takes a prompt that looks like a number as text, and a cache by its kind", async () => {
    expect(await run("generate", "--prompt", "123", "--alg", "threshold", "--cache", "dual", "--set", "cache.refreshSteps=1")).toBe(0);
    expect(output).toEqual([(await coder.generate({ prompt: "123", alg: "threshold" })).text]);
  });

  it("takes a constraint by its kind, and keeps to it", async () => {
    const flags = ["--temperature", "2", "--seed", "1", "--constraint", "python", "--set", "constraint.maxDepth=1"];
    expect(await run("generate", "--no-chat-template", "x = f(", ...flags)).toBe(0);
    const options = { prompt: "x = f(", chatTemplate: false, temperature: 2, seed: 1 };
    const constraint = { kind: "python", maxDepth: 1 } as const;
    expect(output).toEqual([(await coder.generate({ ...options, constraint })).text]);
    expect(output).not.toEqual([(await coder.generate(options)).text]);
    expect(await run("generate", "--no-chat-template", "x = f]", ...flags)).toBe(1);
    expect(errors).toEqual([
      'constraint "python" cannot be kept: the text before the answer breaks it at "]" in line 1. Mend the text, or leave out the constraint.',
    ]);
  });

  it("takes a regular expression, and a JSON schema from a file", async () => {
    expect(await run("generate", prompt, "--temperature", "2", "--regex", String.raw`[a-f]{3}\d?`)).toBe(0);
    expect(output.splice(0)).toEqual([expect.stringMatching(/^[a-f]{3}\d?$/)]);
    const schema = file("schema.json", { type: "array", items: { type: "integer", minimum: 7, maximum: 8 }, minItems: 2, maxItems: 2 });
    expect(await run("generate", prompt, "--temperature", "2", "--json-schema", schema)).toBe(0);
    expect(output[0]).toMatch(/^\[[78], ?[78]\]$/);
    expect(await run("generate", prompt, "--regex", "a(")).toBe(1);
    expect(errors.splice(0)).toEqual([
      'constraint.pattern must be a regular expression that is supported: at character 2, the group is not closed, got "a(".',
    ]);
    expect(await run("generate", prompt, "--regex", "a", "--json-schema", schema)).toBe(1);
    expect(errors).toEqual([
      "error: option '--regex <expression>' cannot be used with option '--json-schema <file>'",
      "Run it with --help for usage.",
    ]);
  });

  it("tells all that is wrong together, before the parameters are read", async () => {
    const code = await run("generate", "--prompt", prompt, "--quantize", "int3", "--steps", "many", "--alg", "threshold", "--set", "temprature=1");
    expect(code).toBe(1);
    expect(errors).toEqual([
      [
        "Invalid generate settings:",
        '  - quantize: must be one of "int8", "int4", "none", got "int3"',
        '  - steps: must be a number, got "many"',
        '  - Unrecognized key: "temprature". Did you mean temperature?',
      ].join("\n"),
    ]);
  });

  it("says that the prompt is missing or too long, and that a set is none", async () => {
    expect([await run("generate"), await run("generate", "--prompt", "z".repeat(80)), await run("generate", "--set", "steps")]).toEqual([1, 1, 1]);
    expect(errors[0]).toBe('Give a prompt: generate "Return the sum of the elements of xs that are even.", or - to read it from standard input.');
    expect(errors[1]).toMatch(
      /^The prompt has \d+ tokens in the chat template, and this model has room for 48\. It was trained with this prompt length\.$/,
    );
    expect(errors[2]).toBe('--set must be of the form key=value, got "steps".');
  });

  it("continues the prompt's own text on request", async () => {
    expect(await run("generate", "--prompt", "def f", "--no-chat-template", "--json")).toBe(0);
    expect(JSON.parse(output[0]!)).toMatchObject({ promptTokens: coder.tokenizer.encode("def f").length });
  });
});

describe("diffucoder generate, the prompt", () => {
  const runWith = (input: string | Uint8Array, ...args: string[]) =>
    runCommand([...args, "--model", model.dir], {
      terminal,
      signal: new AbortController().signal,
      input: () => Promise.resolve(typeof input === "string" ? new TextEncoder().encode(input) : input),
    });

  it("is an argument, or comes from standard input without its last newline", async () => {
    expect(await run("generate", prompt)).toBe(0);
    expect(await runWith(`${prompt}\n`, "generate", "-")).toBe(0);
    const { text } = await coder.generate({ prompt });
    expect(output).toEqual([text, text]);
  });

  it("is one argument, given once, in UTF-8", async () => {
    expect([await run("generate", "Return", "xs"), await run("generate", prompt, "--prompt", prompt)]).toEqual([1, 1]);
    expect(await runWith(new Uint8Array([0x61, 0xff, 0xfe]), "generate", "-")).toBe(1);
    expect(errors).toEqual([
      'prompt must be one argument, got ["Return","xs"]. Put it in quotes: generate "Return xs".',
      'prompt must be given once, as an argument or with --prompt, got "Return the sum of xs.".',
      "standard input: is not UTF-8: byte ff at offset 1. Convert it first, e.g. iconv -f latin1 -t utf-8, or utf-16 for a file that begins with ff fe or fe ff.",
    ]);
  });

  it("that is too long for the small model is reported with what the model knows", async () => {
    const long = "Write a function that checks whether a string is a palindrome, ignoring case and punctuation.";
    expect(await runCommand(["generate", long], { terminal, signal: new AbortController().signal })).toBe(1);
    expect(errors[0]).toMatch(
      /^The prompt has \d\d tokens in the chat template, and this model has room for 36\. It was trained with this prompt length\. This small model knows only short requests for a Python function over a list of integers xs, such as "Return the sum of the elements of xs that are even\."$/,
    );
  });
});

describe("diffucoder likelihood and audit-cache", () => {
  it("tell what the model's own calls tell", async () => {
    expect(await run("likelihood", prompt, "--completion", "return xs", "--samples", "4", "--seed", "2", "--json")).toBe(0);
    expect(JSON.parse(output[0]!)).toEqual(await coder.likelihood({ prompt, completion: "return xs", samples: 4, seed: 2 }));
    expect(await run("likelihood", prompt, "--completion", "return xs", "--samples", "4")).toBe(0);
    expect(output[1]).toMatch(
      /^log-likelihood {2}at least -\d+\.\d\d nats \(.*\), \d+ tokens\nperplexity {6}at most [\d.]+ \(.*\)\n95 % intervals from 4 samples$/,
    );
    const options = { prompt, alg: "threshold", cache: { kind: "dual" } } as const;
    expect(await run("audit-cache", prompt, "--alg", "threshold", "--cache", "dual", "--json")).toBe(0);
    expect(JSON.parse(output[2]!)).toEqual(JSON.parse(JSON.stringify(await coder.auditCache(options))));
    expect(await run("audit-cache", prompt, "--alg", "threshold", "--cache", "dual")).toBe(0);
    expect(output[3]).toMatch(/^pass {2}positions {2}other token {2}confidence {4}entropy\n {3}1 +12 +0\.0 % +0\.0000 +0\.0000\n/);
    expect(await run("audit-cache", prompt)).toBe(1);
    expect(await run("likelihood", "--completion", "x")).toBe(1);
    expect(errors).toEqual([
      'Invalid audit-cache settings:\n  - cache: must be given to be audited, e.g. { "kind": "dual" }',
      'Give a prompt: likelihood "Return the sum of the elements of xs that are even.", or - to read it from standard input.',
    ]);
  });

  it("run on another executor", async () => {
    expect(await run("generate", prompt, "--executor", "tfjs-cpu")).toBe(0);
    expect(output).toEqual([(await coder.generate({ prompt })).text]);
  });
});

describe("diffucoder --print-config", () => {
  it("shows every setting with its source, and needs no prompt", async () => {
    const config = file("print.json", { temperature: 0.5, cache: { kind: "dual" } });
    expect(await run("generate", "--config", config, "--steps", "3", "--set", "cache.refreshSteps=2", "--print-config", "--json")).toBe(0);
    const keys = JSON.parse(output[0]!) as { key: string; value: unknown; source: string; default: unknown; meaning: string }[];
    const of = (name: string) => keys.find(({ key }) => key === name);
    expect(of("steps")).toEqual({ key: "steps", value: 3, source: "--steps", default: 6, meaning: "denoising steps, at most one forward pass each" });
    expect(of("temperature")).toMatchObject({ value: 0.5, source: config, default: 0 });
    expect(of("alg")).toMatchObject({ value: "entropy", source: "generation_config.json" });
    expect(of("cache.refreshSteps")).toMatchObject({ value: 2, source: "--set" });
    expect(of("model")).toMatchObject({ value: model.dir, source: "--model" });
    expect(of("seed")).toMatchObject({ value: 0, source: "default" });
    expect(keys.filter(({ meaning }) => meaning === undefined)).toEqual([]);
  });

  it.each(["infill", "chat", "generate"])("of %s is a table, and bad settings are errors", async (command) => {
    expect(await run(command, "--print-config")).toBe(0);
    expect(output[0]).toMatch(/^key +value +from +default +meaning\n[^]*\nseed +0 +default +0 +the same seed gives the same text\n/);
    expect(await run(command, "--print-config", "--set", "sede=1")).toBe(1);
    expect(errors).toEqual([`Invalid ${command} settings:\n  - Unrecognized key: "sede". Did you mean seed?`]);
  });
});

describe("diffucoder --version", () => {
  it("prints the package's", async () => {
    expect(await runCommand(["--version"], { terminal, signal: new AbortController().signal })).toBe(0);
    expect(output).toEqual([(JSON.parse(readFileSync(new URL("../../package.json", import.meta.url), "utf8")) as { version: string }).version]);
  });
});

describe("diffucoder infill", () => {
  it.each([
    ["a byte order mark, CRLF and no last newline", "\ufeffdef f\r\n  <|hole:2|>\r\nx"],
    ["NUL and controls", "a\0b\u001b[2J<|hole:2|>\u009b\n\n"],
    ["only the hole's newline", "<|hole:2|>\n"],
    ["other scripts", "é 你好 \u202e😀\t<|hole:2|> \n"],
  ])("leaves every byte around the hole as it is: %s", async (_, text) => {
    const path = file("bytes.py", text);
    expect(await run("infill", "--file", path)).toBe(0);
    const [before, after] = text.split("<|hole:2|>") as [string, string];
    const got = output[0]!;
    expect([got.startsWith(before), got.endsWith(after)]).toEqual([true, true]);
    expect(await run("infill", "--file", path, "--json")).toBe(0);
    expect(got).toBe(before + (JSON.parse(output[1]!) as { middle: string }).middle + after);
  });

  it.each([
    ["ff fe", [0xff, 0xfe, 0x3c, 0x7c]],
    ["ff", [0xff]],
    ["e9", [...Buffer.from("<|hole|>caf"), 0xe9]],
    ["c0", [0x61, 0xc0, 0x80]],
    ["ed", [0x61, 0xed, 0xa0, 0x80]],
  ])("refuses a file that is not UTF-8: %s", async (name, bytes) => {
    const path = join(folder, "latin.py");
    writeFileSync(path, Buffer.from(bytes));
    expect(await run("infill", "--file", path)).toBe(1);
    expect(errors[0]).toMatch(
      new RegExp(`^${path}: is not UTF-8: byte ${name.slice(0, 2)} at offset ${bytes.indexOf(parseInt(name.slice(0, 2), 16))}\\. Convert`),
    );
    expect(output).toEqual([]);
  });

  it("names misspelt marks by their lines, and a masks that is none", async () => {
    expect(await run("infill", "--file", file("misspelt.py", "a <|hole|>\nb <|hole: 3|>\n"))).toBe(1);
    expect(await run("infill", "--file", file("good.py", "a <|hole|>"), "--masks", "many")).toBe(1);
    expect(errors).toEqual([
      `Invalid ${join(folder, "misspelt.py")}:\n  - line 2: "<|hole: 3|>" is not a hole; write <|hole|>, or <|hole:N|> for N masks`,
      'Invalid infill settings:\n  - masks: must be a number, got "many"',
    ]);
  });

  it("prints the whole text of a prefix and a suffix", async () => {
    expect(await run("infill", "--prefix", "def f", "--suffix", "return", "--masks", "3")).toBe(0);
    expect(output).toEqual([(await coder.infill({ prefix: "def f", suffix: "return", masks: 3 })).text]);
  });

  it("fills the marks of a file", async () => {
    const path = file("holes.py", "def <|hole:2|>(xs):\n    return <|hole|>\n");
    expect(await run("infill", "--file", path, "--masks", "3", "--json")).toBe(0);
    const { holeIds, text } = JSON.parse(output[0]!) as { holeIds: number[][]; text: string };
    expect(holeIds.map((ids) => ids.length)).toEqual([2, 3]);
    expect(text.startsWith("def ")).toBe(true);
    expect(text.endsWith("\n")).toBe(true);
  });

  it("tells all that is wrong together, and which file is not there", async () => {
    expect(await run("infill", "--masks", "0", "--quantize", "int3")).toBe(1);
    expect(await run("infill", "--file", join(folder, "none.py"))).toBe(1);
    expect(errors).toEqual([
      [
        "Invalid infill settings:",
        '  - quantize: must be one of "int8", "int4", "none", got "int3"',
        "  - masks: must be greater than 0, got 0",
        "  - prefix: give the text around the hole as prefix, suffix or both, or a template",
      ].join("\n"),
      `${join(folder, "none.py")}: no such file.`,
    ]);
  });
});

describe("diffucoder chat", () => {
  const converse = (typed: readonly string[], ...args: string[]) => converseUntil(new AbortController().signal, typed, ...args);
  const converseUntil = (signal: AbortSignal, typed: readonly string[], ...args: string[]) =>
    runCommand(["chat", "--model", model.dir, ...args], {
      terminal,
      signal,
      lines: async function* () {
        yield* typed;
      },
    });

  it("ends with 130 when it is stopped, also while nothing is asked", async () => {
    expect(await converseUntil(AbortSignal.abort(), [])).toBe(130);
    expect(errors).toEqual(["The conversation was stopped."]);
  });

  it("answers each line with what was said before", async () => {
    expect(await converse(["xs", "", "f"], "--max-tokens", "2")).toBe(0);
    const history = [{ role: "user", content: "xs" } as const, { role: "assistant", content: output[0]! } as const];
    const { text } = await coder.chat([...history, { role: "user", content: "f" }], { maxTokens: 2 });
    expect(output[1]).toBe(text);
    expect(errors).toEqual([]);
  });

  it("forgets the beginning where the model has no room", async () => {
    const [first, second] = ["Hi xs", "sum of the elements of xs, return the sum"];
    expect(await converse([first, "", second], "--max-tokens", "3", "--set", "temperature=0")).toBe(0);
    const options = { maxTokens: 3 };
    const one = (await coder.chat([{ role: "user", content: first }], options)).text;
    const two = (await coder.chat([{ role: "user", content: second }], options)).text;
    expect(output).toEqual([one, two]);
    expect(errors).toEqual(['The model has no room for the whole conversation; it did not see "Hi xs" and its answer.']);
  });

  it("continues after a message that is too long, and keeps a system message", async () => {
    expect(await converse(["z".repeat(60), "xs"], "--system", "sum", "--json")).toBe(0);
    expect(errors[0]).toMatch(/^The conversation has \d+ tokens in the chat template, and this model has room for 48\./);
    const messages = [{ role: "system", content: "sum" } as const, { role: "user", content: "xs" } as const];
    expect(JSON.parse(output[0]!)).toMatchObject({ text: (await coder.chat(messages)).text });
    expect(output).toHaveLength(1);
  });

  it("reports problems with its settings before anything is typed", async () => {
    expect(await converse(["xs"], "--alg", "best", "--steps", "0")).toBe(1);
    expect(output).toEqual([]);
    expect(errors[0]).toMatch(
      /^Invalid chat settings:\n {2}- alg: must be one of "origin", .*, got "best"\n {2}- steps: must be greater than 0, got 0$/,
    );
  });
});

describe("diffucoder trace", () => {
  const traceOf = async (name: string, ...flags: string[]): Promise<string> => {
    const path = join(folder, name);
    await run("generate", "--prompt", prompt, "--trace", path, ...flags);
    output = [];
    return path;
  };

  it("shows what was committed when", async () => {
    const path = await traceOf("one.jsonl", "--steps", "3");
    expect(await run("trace", path)).toBe(0);
    const lines = output[0]!.split("\n");
    const { steps, initialIds } = parseTrace(readFileSync(path, "utf8"));
    expect(lines[0]).toBe(`${initialIds.length - 12} tokens given, 12 masks; 3 steps, 3 forward passes, ${(12 / 3).toFixed(2)} tokens a pass`);
    const committed = steps[0]!.positions.map(
      (column, i) => `${column} ${JSON.stringify(coder.tokenizer.decode([steps[0]!.tokens[i]!], { skipSpecial: false }))}`,
    );
    expect(lines[2]).toBe(`   0  ${committed.join(", ")}`);
    expect(await run("trace", path, "--json")).toBe(0);
    expect(JSON.parse(output[1]!)).toMatchObject({ masks: 12, steps: 3, forwardPasses: 3, tokensPerPass: 4 });
  });

  it("shows where two part, and ends with 1 if they do", async () => {
    const [one, other] = [await traceOf("a.jsonl", "--temperature", "1"), await traceOf("b.jsonl", "--temperature", "1", "--seed", "5")];
    expect(await run("trace", one, one)).toBe(0);
    expect(await run("trace", one, other)).toBe(1);
    expect(output[0]).toBe("The rows are the same before the first step and after every step.");
    expect(output[1]).toMatch(/^The rows diverge after entry \d+:\n {2}column \d+: .+ and .+/);
    expect(await run("trace", one, one, "--json")).toBe(0);
    expect(output[2]).toBe("null");
  });

  it("says which line is no trace", async () => {
    expect(await run("trace", file("bad.jsonl", "{}\n"))).toBe(1);
    expect(errors[0]).toBe(
      `Invalid ${join(folder, "bad.jsonl")}, line 1:\n  - initialIds: is missing; it must be a list\n  - maskTokenId: is missing; it must be a number`,
    );
  });
});
