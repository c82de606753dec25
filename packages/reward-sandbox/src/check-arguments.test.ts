import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Job, Provider } from "./provider.ts";
import { e2bProvider } from "./remote/e2b.ts";
import { pistonProvider } from "./remote/piston.ts";
import { createSandbox, type Sandbox } from "./sandbox.ts";

/** A provider that keeps what it was given, and answers nothing. */
const seen: Job[] = [];
const provider: Provider = {
  isolation: { level: "remote", description: "nowhere" },
  languages: ["python", "javascript"],
  writableTmp: false,
  worker: () => ({ start: async () => {}, run: async (job) => (seen.push(job), { parses: true, results: [] }), close: () => {} }),
};

describe("a sandbox that is given the wrong kinds of arguments", () => {
  let sandbox: Sandbox;
  beforeAll(async () => {
    sandbox = await createSandbox({ isolation: provider });
  });
  afterAll(() => sandbox.close());
  const job = { code: "", entryPoint: "f" };

  it.each<[string, unknown, unknown, string]>([
    ["run", undefined, {}, "job must be an object such as { code, entryPoint, inputs }, got undefined."],
    ["run", { ...job, inputs: [[1]] }, null, "options must be an object such as { signal, caller }, got null."],
    ["run", { ...job, inputs: [[1]] }, { signal: 1 }, "options.signal must be an AbortSignal, got 1."],
    ["run", { ...job, inputs: [[1]] }, { caller: 1 }, "options.caller must be a string, got 1."],
    ["run", { ...job, inputs: [2] }, {}, "inputs[0] must be an array of the arguments of one call, got 2."],
    ["run", { ...job, inputs: "[2]" }, {}, 'inputs must be an array with the arguments of each call, each an array, got "[2]".'],
    ["run", { ...job, inputs: [[() => 1]] }, {}, "inputs[0][0] must be plain data, got function (anonymous). Write null for None."],
    ["run", { ...job, code: 5, inputs: [] }, {}, "code must be a string, got 5."],
    ["run", { code: "", entry_point: "f", inputs: [] }, {}, "entryPoint must be the name of a function, got undefined."],
    ["run", { ...job, entryPoint: "S().f", inputs: [] }, {}, 'entryPoint must be the name of a function, got "S().f".'],
    ["run", { ...job, entryPoint: "S.f", inputs: [] }, {}, 'entryPoint must be the name of a function, got "S.f".'],
    ["run", { ...job, language: "js", inputs: [] }, {}, 'language must be one of python, javascript, typescript, got "js".'],
    ["run", { ...job, inputs: [[]], wallTimeMs: "1" }, {}, 'wallTimeMs must be a positive integer, got "1".'],
    ["run", { ...job, inputs: [[]], callTimesMs: [] }, {}, "callTimesMs must be one positive number for each of 1 inputs, got []."],
    ["run", { ...job, inputs: [[]], callTimesMs: ["1"] }, {}, 'callTimesMs must be one positive number for each of 1 inputs, got ["1"].'],
    ["runProgram", { code: "", stdins: "1" }, {}, 'stdins must be an array of strings, got "1".'],
    ["runProgram", { code: "", stdins: [1] }, {}, "stdins[0] must be a string, got 1."],
    ["runProgram", [], {}, "job must be an object such as { code, stdins }, got []."],
    ["runTests", { code: "", tests: "assert f(1)" }, {}, 'tests must be an array of strings, got "assert f(1)".'],
    ["runTests", { code: "", tests: [[1]] }, {}, "tests[0] must be a string, got [1]."],
    ["runTests", { code: "", tests: [], unittest: 1 }, {}, "unittest must be true or false, got 1."],
    ["runTests", { code: "", tests: [], entryPoint: "" }, {}, 'entryPoint must be the name of a function, got "".'],
    ["run", { ...job, entryPoint: "class", inputs: [] }, {}, 'entryPoint must be the name of a function, got "class".'],
    ...["delete", "default", "this", "f.", "f..g", ".f"].map((name): [string, unknown, unknown, string] => [
      "run",
      { ...job, language: "javascript", entryPoint: name, inputs: [] },
      {},
      `entryPoint must be the name of a function, got "${name}".`,
    ]),
    ["submit", 3, {}, "start must be a function that starts a job, got 3."],
  ])("%s(%o) names the argument", async (name, argument, options, message) => {
    const method = sandbox[name as "run"] as (...args: unknown[]) => Promise<unknown>;
    await expect(method(argument, options)).rejects.toMatchObject({ name: "InvalidArgumentError", message });
    expect(seen).toEqual([]);
  });

  it("is not made", async () => {
    const make = (options: unknown): Promise<Sandbox> => createSandbox(options as never);
    await expect(make(null)).rejects.toThrow("options must be an object such as { workers, isolation }, got null.");
    await expect(make({ workers: "2" })).rejects.toThrow('workers must be a positive integer, got "2".');
    await expect(make({ isolation: "docker" })).rejects.toThrow(
      'isolation must be one of auto, bubblewrap, process, pyodide, none, or a provider, got "docker".',
    );
    await expect(make({ isolation: {} })).rejects.toThrow(
      "isolation must be one of auto, bubblewrap, process, pyodide, none, or a provider, got {}.",
    );
  });
});

describe("a provider elsewhere that is given the wrong kinds of arguments", () => {
  it("is not made", () => {
    const address = "an http or https URL without a password";
    expect(() => pistonProvider(undefined as never)).toThrow("options must be an object such as { url }, got undefined.");
    expect(() => pistonProvider({} as never)).toThrow(`url must be ${address}, got undefined.`);
    expect(() => e2bProvider(null as never)).toThrow("options must be an object such as { apiKey }, got null.");
    expect(() => e2bProvider({ apiUrl: "x" })).toThrow(`apiUrl must be ${address}, got "x".`);
    expect(() => e2bProvider({ sandboxUrl: "ftp://x" })).toThrow(`sandboxUrl must be ${address}, got "ftp://x".`);
  });
});
