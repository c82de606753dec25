import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import type { EvalResult } from "@diffucoder/eval";
import { bundledModelDir } from "../bundled-model.ts";
import { makeTinyModel } from "../../../engine/src/tiny-model.fixture.ts";
import { evalCommands, hasPython, hasSharedBench, pythonNote, skipNote, withoutSandboxNote } from "./eval-commands.fixture.ts";

const { dir, out, error, run, file } = evalCommands();

const hasClose =
  "def has_close_elements(numbers, threshold):\n    s = sorted(numbers)\n    return any(b - a < threshold for a, b in zip(s, s[1:]))\n";
const truncate = "    return number % 1.0\n";

describe.runIf(hasSharedBench)(`diffucoder eval${skipNote}`, () => {
  const samples = () =>
    file("samples.jsonl", [
      { task_id: "HumanEval/0", solution: hasClose },
      "{ no json",
      { task_id: "HumanEval/2", completion: truncate },
      { task_id: "HumanEval/2", completion: "    return 0.5\n" },
      { task_id: "HumanEval/999", solution: "" },
    ]);
  const range = ["--set", "idRange=[0,3]"];

  it("prints a table of both suites and what was left out", async () => {
    expect(await run("eval", "--dataset", "humaneval+", "--samples", samples(), ...range)).toBe(0);
    expect(out[0]).toContain("HumanEval+ v0.1.10, 3 tasks, SHA-256 272720b90ac3; post-processor none; sandbox: ");
    expect(out[0]).toMatch(/humaneval +1 +75\.0 % .* 2 of 3 +2 pass, 1 wrong/);
    expect(out[0]).toMatch(/humaneval\+ +1 +75\.0 % .* 2 of 3 +2 pass, 1 wrong/);
    expect(out[0]).toContain("Left out; the score covers 2 of 3 tasks:\n  1 of 3 tasks: no samples: HumanEval/1\n  line 2: not JSON (");
    expect(out[0]).toContain('  line 5: the dataset has no task "HumanEval/999"');
  });

  it("leaves a folder from which the score can be reproduced, and resumes there", async () => {
    const output = join(dir, "run");
    const args = ["eval", "--dataset", "humaneval", "--samples", samples(), "--output", output, "--json", ...range];
    expect(await run(...args)).toBe(0);
    const result = JSON.parse(out[0] as string) as EvalResult;
    expect(result.runs[0]?.suites[0]?.passAtK[0]).toMatchObject({ k: 1, estimate: 0.75, tasks: 2 });
    expect(JSON.parse(readFileSync(join(output, "eval-result.json"), "utf8"))).toEqual(result);
    expect(readFileSync(join(output, "report.html"), "utf8")).toContain("HumanEval/2 <span");
    expect(readFileSync(join(output, "samples.jsonl"), "utf8").split("\n")).toHaveLength(4);

    const scores = readFileSync(join(output, "scores.jsonl"), "utf8");
    expect(await run(...args)).toBe(0);
    expect(readFileSync(join(output, "scores.jsonl"), "utf8")).toBe(scores);
    expect(JSON.parse(out[1] as string)).toEqual(result);

    expect(await run("rescore", join(output, "eval-result.json"))).toBe(0);
    expect(out[2]).toBe("The score of 3 samples is the same.");
    const forged = {
      ...result,
      runs: result.runs.map((one) => ({ ...one, suites: one.suites.map((suite) => ({ ...suite, verdicts: { pass: 3 } })) })),
    };
    writeFileSync(join(output, "forged.json"), JSON.stringify(forged));
    expect(await run("rescore", join(output, "forged.json"))).toBe(1);
    expect(out[3]).toBe("The score differs:\n  base: pass@1 75.00 %, 3 pass then, pass@1 75.00 %, 2 pass, 1 wrong now");

    expect(await run(...args, "--set", "seed=1")).toBe(1);
    expect(error.at(-1)).toBe(
      `${join(output, "run.json")}: belongs to a run with other settings: seed was 0, is 1. Run with the same settings and files to resume, give another folder with --output, or start over with --fresh.`,
    );
  });

  it("reports several files as a sweep and says what the best of them is worth", async () => {
    const [a, b] = [
      file("a.jsonl", [{ task_id: "HumanEval/2", completion: truncate }]),
      file("b.jsonl", [{ task_id: "HumanEval/2", completion: "    return 0\n" }]),
    ];
    expect(await run("eval", "--dataset", "humaneval", "--samples", a, "--samples", b, "--set", "idRange=[2,3]")).toBe(0);
    expect(out[0]).toContain(`base tests: the highest pass@1 of a sweep of 2 is 100.0 % (${a}); chosen on the test set, it is biased upwards`);
  });

  it("lets a model write the samples, and leaves out tasks that do not fit into its prompt", async () => {
    const model = makeTinyModel({ generationConfig: { repetition_penalty: 1.1 } });
    const output = join(dir, "model");
    expect(await run("eval", "--dataset", "mbpp", "--model", model.dir, "--output", output, "--set", "idRange=[0,2]")).toBe(1);
    model.remove();
    expect(error).toContain("Note: generation_config.json says repetition_penalty, which is not used.");
    expect(out[0]).toContain("Nothing was scored.");
    expect(out[0]).toMatch(
      /Mbpp\/2: The conversation has \d+ tokens in the chat template, and this model has room for 48\. It was trained with this prompt length\./,
    );
  });

  it("lets a model fill holes, keeps what it takes to score that again, and resumes after an interruption as if there had been none", async () => {
    const model = makeTinyModel();
    const configFile = join(model.dir, "config.json");
    writeFileSync(configFile, JSON.stringify({ ...(JSON.parse(readFileSync(configFile, "utf8")) as object), max_position_embeddings: 1024 }));
    const output = join(dir, "holes");
    const settings = ["temperature=[0.5,1]", "masks=4", "samplesPerTask=2", "idRange=[0,3]", "seed=3"].flatMap((setting) => ["--set", setting]);
    const args = ["eval", "--dataset", "infilling-random-span-light", "--model", model.dir, "--output", output, "--json", ...settings];
    expect([await run(...args), error]).toEqual([0, []]);
    const result = JSON.parse(out[0] as string) as EvalResult;
    expect(result.runs.map(({ label, samples, leftOut }) => [label, samples.length, leftOut])).toEqual([
      ["temperature 0.5", 6, []],
      ["temperature 1", 6, []],
    ]);
    // Two steps reveal four masks.
    for (const { decoding } of result.runs) expect(decoding).toEqual({ forwardPasses: 2, tokens: 4, tokensPerPass: 2 });
    expect(result.aup.map(({ method, suite }) => [method, suite])).toEqual([
      ["temperature 0.5", "base"],
      ["temperature 1", "base"],
    ]);
    expect(result).toMatchObject({ postProcessor: "none", dataset: { name: "infilling-random-span-light", tasks: 3 } });
    expect(result.runs[1]?.source).toEqual({
      kind: "model",
      dir: model.dir,
      sha256: expect.stringMatching(/^[0-9a-f]{64}$/),
      template: "none, the text around the hole",
      sampler: { alg: "entropy", steps: 2, masks: 4, temperature: 1, topP: 1 },
      seed: 3,
      samplesPerTask: 2,
    });
    const { raw, program, kind } = result.runs[1]?.samples[0] ?? { raw: "none", program: "", kind: "solution" };
    expect(kind).toBe("completion");
    expect(program).toContain(raw);

    // As after a kill in the middle of a line.
    const generations = join(output, "generations-1.jsonl");
    writeFileSync(generations, readFileSync(generations, "utf8").slice(0, -20));
    for (const name of ["scores.jsonl", "eval-result.json"]) rmSync(join(output, name));
    expect(await run(...args)).toBe(0);
    expect(JSON.parse(out[1] as string)).toEqual(result);
    expect(await run("rescore", join(output, "eval-result.json"))).toBe(0);
    expect(out[2]).toBe("The score of 12 samples is the same.");

    // Other weights under the same name are another evaluation.
    writeFileSync(join(model.dir, "more.safetensors"), "other weights");
    expect(await run(...args)).toBe(1);
    expect(error).toEqual([
      expect.stringMatching(
        /run\.json: belongs to a run with other settings: more\.safetensors of --model was not set, is "sha256 [0-9a-f]+"\. Run with the same settings/,
      ),
    ]);
    model.remove();
  });

  it("tells before anything is drawn that the model has no chat template, or what decoding cannot do", async () => {
    const model = makeTinyModel();
    const tokenizerFile = join(model.dir, "tokenizer.json");
    const args = ["eval", "--dataset", "humaneval", "--model", model.dir, "--output", join(dir, "none-drawn"), "--set", "idRange=[0,3]"];
    expect(await run(...args, "--set", "alg=entrpy", "--set", "steps=0.5")).toBe(1);
    expect(await run(...args, "--set", "alg=threshold", "--set", "steps=2")).toBe(1);
    const { added_tokens: added, ...tokenizer } = JSON.parse(readFileSync(tokenizerFile, "utf8")) as { added_tokens: { content: string }[] };
    writeFileSync(
      tokenizerFile,
      JSON.stringify({ ...tokenizer, added_tokens: added.map((token) => ({ ...token, content: token.content.replace("im_", "ix_") })) }),
    );
    expect(await run(...args)).toBe(1);
    expect(out).toEqual([]);
    expect(error).toEqual([
      expect.stringMatching(
        /^Invalid eval settings:\n {2}- alg: must be one of "origin", .*, got "entrpy"\n {2}- steps: must be a whole number or a list, got 0.5$/,
      ),
      expect.stringMatching(/^Invalid generate options:\n {2}- steps: not used by threshold \(used by origin, /),
      `Invalid eval settings:\n  - model: ${model.dir} has no chat template, which the prompts of humaneval need; use an instruction-tuned model`,
    ]);
    model.remove();
  });

  it("shows its settings on request", async () => {
    expect(await run("eval", "--dataset", "humaneval", "--workers", "3", "--print-config", "--json")).toBe(0);
    const keys = JSON.parse(out[0] as string) as { key: string; meaning?: string; source: string; value: unknown }[];
    expect(keys.filter(({ meaning }) => meaning === undefined)).toEqual([]);
    expect(keys.find(({ key }) => key === "workers")).toMatchObject({ value: 3, source: "--workers", default: 2 });
    expect(keys.find(({ key }) => key === "dataset")).toMatchObject({ value: "humaneval", source: "--dataset" });
  });

  it("reports all problems with its settings at once", async () => {
    expect(await run("eval", "--dataset", "humaneva", "--set", "temprature=1", "--set", "seed=-1")).toBe(1);
    expect(error[0]).toContain("Invalid eval settings:\n");
    expect(error[0]).toContain('Unrecognized key: "temprature"');
    expect(error[0]).toContain("dataset: expected one of tinycode, tinycode-full, humaneval, ");
    expect(error[0]).toContain("seed: must be at least 0, got -1");
    expect(await run("eval", "--dataset", "humaneval")).toBe(1);
    expect(error[1]).toBe("Invalid eval settings:\n  - give either samples or model");
    expect(await run("eval", "--dataset", "infilling-single-line", "--model", "somewhere", "--set", "steps=3")).toBe(1);
    expect(error[2]).toBe("Invalid eval settings:\n  - output is required with model, to keep what it generates");
    expect(await run("eval", "--dataset", "humaneval", "--samples", "/nowhere.jsonl")).toBe(1);
    const model = ["--model", bundledModelDir(), "--output", join(dir, "infilling")];
    expect(await run("eval", "--dataset", "infilling-single-line", ...model, "--set", "maxNewTokens=3")).toBe(1);
    expect(error.slice(3)).toEqual([
      "/nowhere.jsonl: no such file. Give a file in EvalPlus's sample format with --samples.",
      "Invalid eval settings:\n  - template and maxNewTokens do not apply to infilling; set masks instead",
    ]);
  });
});

describe.runIf(hasPython)(`diffucoder eval on tasks that are no benchmark${pythonNote}`, () => {
  const bundled = bundledModelDir();
  const set = (...settings: string[]): string[] => settings.flatMap((setting) => ["--set", setting]);

  it("evaluates TinyCode with any decoder and cache, scores it again, and resumes as if it had not been stopped", async () => {
    const output = join(dir, "tinycode");
    const settings = set(
      "data.tasks=4",
      'data.tiers={"2":1}',
      "alg=threshold",
      "threshold=0.9",
      "cache.kind=dual",
      "samplesPerTask=2",
      "temperature=1",
    );
    const args = ["eval", "--dataset", "tinycode", "--model", bundled, "--output", output, "--json", ...settings];
    expect([await run(...args), error]).toEqual([0, []]);
    const result = JSON.parse(out[0] as string) as EvalResult;
    expect(result).toMatchObject({ dataset: { name: "tinycode", title: "TinyCode, test", tasks: 4 }, postProcessor: "fence", ks: [1, 2, 10, 100] });
    expect(result.runs[0]?.source).toMatchObject({ template: "chat", sampler: { alg: "threshold", threshold: 0.9, cache: { kind: "dual" } } });
    expect(result.runs[0]?.suites[0]?.passAtK.map(({ k, tasks }) => [k, tasks])).toEqual([
      [1, 4],
      [2, 4],
    ]);
    const generations = join(output, "generations-1.jsonl");
    writeFileSync(generations, readFileSync(generations, "utf8").slice(0, -20));
    expect(await run(...args)).toBe(0);
    expect(JSON.parse(out[1] as string)).toEqual(result);
    expect(await run("rescore", join(output, "eval-result.json"))).toBe(0);
    expect(out[2]).toBe("The score of 8 samples is the same.");
  });

  it("evaluates your own tasks, and reports by line what it leaves out", async () => {
    const dataset = file("own.jsonl", [
      { id: "add", prompt: "Return x plus 1.", entry_point: "f", tests: [[[1], 2]], hidden_tests: [[[5], 6]] },
      { id: "bad", prompt: "Return x.", entry_point: "f", test: [[[1], 1]] },
      { id: "echo", prompt: "Print the input.", stdin: "a", stdout: "a" },
    ]);
    const samples = file("own-samples.jsonl", [
      { task_id: "add", solution: "def f(x): return x + 1" },
      { task_id: "echo", solution: "print(input())" },
    ]);
    const output = join(dir, "own");
    expect(await run("eval", "--dataset", dataset, "--samples", samples, "--output", output)).toBe(0);
    expect(out[0]).toMatch(/100\.0 % .* 2 of 2 +2 pass/);
    expect(out[0]).toContain('line 2: Unrecognized key: "test"; give tests, asserts, or stdin and stdout; or hidden_tests');
    expect(await run("rescore", join(output, "eval-result.json"))).toBe(0);
  });
});

describe.runIf(hasPython)(`diffucoder score${pythonNote}`, () => {
  const tests = [
    [[[1, 2]], 3],
    [[[]], 0],
  ];
  const fenced = (code: string): string => `Here it is:\n\`\`\`python\n${code}\`\`\`\n`;

  it("gives a verdict per test, leaves bad lines out by number, and scores the rest", async () => {
    const input = file("score.jsonl", [
      { id: "right", completion: fenced("def f(xs):\n    return sum(xs)\n"), entry_point: "f", tests },
      { id: "half", code: "def f(xs):\n    return 3\n", entry_point: "f", tests },
      { id: "exit", code: "import os\nos._exit(0)\n", entry_point: "f", tests },
      {
        id: "equal",
        code: "class A:\n    def __eq__(self, o): return True\ndef f(xs): return A()\n",
        entry_point: "f",
        asserts: ["assert f([1]) == 1"],
      },
      { id: "asserts", code: "def f(xs): return len(xs)\n", entry_point: "f", asserts: ["assert f([1]) == 1", "assert f([]) == 1"] },
      { id: "prose", completion: "I cannot.", entry_point: "f", tests },
      { id: "surrogate", code: "x = '\ud800'\0", entry_point: "f", tests },
      "nonsense",
      { id: "half", code: "", entry_point: "f", tests },
      { id: "no tests", code: "", entry_point: "f" },
      { id: "no entry", code: "", tests },
    ]);
    expect(await run("score", "--input", input, "--json")).toBe(0);
    const results = out.map((line) => JSON.parse(line) as { id: string; reward: number; verdicts: string[] });
    expect(results.map(({ id, reward, verdicts }) => [id, reward, ...verdicts])).toEqual([
      ["right", 1, "pass", "pass"],
      ["half", 0.5, "pass", "wrong"],
      ["exit", 0, "exception", "exception"],
      ["equal", 0, expect.not.stringMatching("pass")],
      ["asserts", 0.5, "pass", "wrong"],
      ["prose", 0, "exception", "exception"],
      ["surrogate", 0, "exception", "exception"],
    ]);
    expect(withoutSandboxNote(error).slice(-5)).toEqual([
      expect.stringMatching(/: line 8: not JSON \(/),
      `${input}: line 9: line 2 already has the id "half"`,
      `${input}: line 10: give tests, asserts, or stdin and stdout; or hidden_tests`,
      `${input}: line 11: tests need an entry_point`,
      "7 programs scored, 1 pass every test; 4 lines left out.",
    ]);
  });

  it("prints the verdicts for a person too", async () => {
    const input = file("one.jsonl", [{ id: 1, code: "def f(xs):\n    return 3\n", entry_point: "f", tests }]);
    expect(await run("score", "--input", input)).toBe(0);
    expect(out).toEqual(["1: reward 0.500\n  test 1: pass\n  test 2: wrong (3)"]);
  });

  it("fails where nothing could be scored", async () => {
    expect(await run("score", "--input", file("none.jsonl", ["x"]))).toBe(1);
    expect(await run("score", "--input", "/nowhere.jsonl")).toBe(1);
    expect(error.at(-1)).toBe("/nowhere.jsonl: no such file. Give a file of JSON lines with --input.");
  });
});
