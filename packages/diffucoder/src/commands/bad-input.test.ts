// What a person may get wrong on the command line of `diffucoder`: one sentence each, and no result is lost for it.
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { runCommand } from "../command.ts";
import { makeTinyModel } from "../../../engine/src/tiny-model.fixture.ts";

const model = makeTinyModel();
const folder = mkdtempSync(join(tmpdir(), "diffucoder-bad-input-"));
afterAll(() => {
  model.remove();
  rmSync(folder, { recursive: true });
});
const file = (name: string, text: string): string => {
  writeFileSync(join(folder, name), text);
  return join(folder, name);
};
const aFile = file("a-file", "hello");
const aFolder = join(folder, "a-folder");
mkdirSync(aFolder);
const tasks = file("tasks.jsonl", '{"id":"a","prompt":"p","entry_point":"f","tests":[[[1],1]]}\n');
const samples = file("samples.jsonl", '{"task_id":"a","solution":"def f(x): return x"}\n');

/** Runs a command and gives what it said, with F for the folder of the test and M for the model's. */
const run = async (...args: string[]): Promise<{ code: number; out: string; error: string }> => {
  const said = { out: "", error: "" };
  const clean = (text: string): string => text.replaceAll(folder, "F").replaceAll(model.dir, "M");
  const terminal = {
    out: (text: string) => void (said.out += clean(text)),
    error: (text: string) => void (said.error += clean(text)),
    bytes: (data: Uint8Array) => void (said.out += Buffer.from(data).toString()),
  };
  return { code: await runCommand(args, { terminal, signal: new AbortController().signal }), ...said };
};
const small = ["--model", model.dir];
const noPrompt = (command: string): string =>
  `Give a prompt: ${command} "Return the sum of the elements of xs that are even.", or - to read it from standard input.`;

describe("a bad input is one error", () => {
  it.each([
    [noPrompt("generate"), ["generate", ...small, ""]],
    [noPrompt("generate"), ["generate", ...small, "--prompt", ""]],
    [noPrompt("audit-cache"), ["audit-cache", ...small, "--cache", "dual", ""]],
    ['model must be a folder, or owner/name on Hugging Face\'s hub, got "".', ["generate", "--model", "", "x"]],
    ["F/a-folder/config.json: no such file.", ["generate", "--model", aFolder, "x"]],
    ["F/a-file: is not a folder.", ["generate", "--model", aFile, "x"]],
    ['--config must be a path or a name, got "".', ["generate", ...small, "x", "--config", ""]],
    ["F/a-folder: is a folder, expected a file.", ["generate", ...small, "x", "--config", aFolder]],
    ["Invalid generate settings:\n  - steps: must be at most 131072, got 1000000000", ["generate", ...small, "x", "--steps", "1e9"]],
    [
      "Invalid generate settings:\n  - cfgScale: must be at most 1000, got 1e+300",
      ["generate", ...small, "x", "--alg", "mdlm", "--cfg-scale", "1e300"],
    ],
    [
      'Invalid generate settings:\n  - Unrecognized key: "stepz". Did you mean steps?',
      ["generate", ...small, "x", "--print-config", "--set", "stepz=1"],
    ],
    ['--file must be a path or a name, got "".', ["infill", ...small, "--file", ""]],
    ['--input must be a path or a name, got "".', ["score", "--input", ""]],
    ['"": no such file.', ["trace", ""]],
    ['"": no such file.', ["rescore", ""]],
    ['F/empty must be a trace: lines of JSON, got "".', ["trace", file("empty", "")]],
    ['F/a-file, line 1 must be JSON, got "hello".', ["trace", aFile]],
    [
      'Invalid F/step.jsonl, line 1:\n  - initialIds: is missing; it must be a list\n  - maskTokenId: is missing; it must be a number\n  - Unrecognized key: "step"',
      ["trace", file("step.jsonl", '{"step":1}\n')],
    ],
    [
      "Invalid eval settings:\n  - idRange: must be [from, to) with from below to",
      ["eval", "--dataset", tasks, "--samples", samples, "--set", "idRange=[2,1]"],
    ],
    [
      "Invalid eval settings:\n  - output: must have at least 1 character, got 0",
      ["eval", "--dataset", tasks, "--samples", samples, "--set", "output="],
    ],
    [
      "Invalid eval settings:\n  - quantize, alg, steps: for a model, not for samples that are there already",
      ["eval", "--dataset", tasks, "--samples", samples, "--quantize", "int8", "--set", "alg=entropy", "--set", "steps=3"],
    ],
    [
      "Invalid eval settings:\n  - data.tiers: expected a tier with a share above 0",
      ["eval", "--dataset", "tinycode", "--samples", samples, "--set", "data.tiers={}"],
    ],
  ])("%s", async (error, args) => {
    expect(await run(...args)).toEqual({ code: 1, out: "", error });
  });
});

describe("a trace that cannot be written", () => {
  it("is an error after the text, which is not lost", async () => {
    const { code, out, error } = await run("generate", ...small, "Return xs.", "--json", "--trace", aFolder);
    expect({ code, error }).toEqual({ code: 1, error: "F/a-folder: could not be written, it is a folder. Give the path of a file." });
    expect(JSON.parse(out)).toHaveProperty("text");
    const inside = await run("generate", ...small, "Return xs.", "--json", "--trace", join(aFile, "trace.jsonl"));
    expect(inside.error).toBe("F/a-file/trace.jsonl: could not be written, F/a-file is not a folder. Give a path in a folder.");
    expect(existsSync(aFile) && readFileSync(aFile, "utf8")).toBe("hello");
  });
});
