import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { runCommand } from "../command.ts";
import { coder, errors, file, model, output, prompt, run, terminal } from "./tiny-commands.fixture.ts";

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
