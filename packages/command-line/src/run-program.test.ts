import { AbortedError, InvalidArgumentError } from "@diffucoder/core";
import { describe, expect, it } from "vitest";
import { createProgram, runProgram, type RunProgramOptions } from "./run-program.ts";
import { StoppedBySignal } from "./stop-signals.ts";

/** A program with the command `work`, which does what the test says. */
async function run(
  args: readonly string[],
  { work = () => {}, ...options }: { work?: () => void } & Omit<RunProgramOptions, "terminal"> = {},
): Promise<{ code: number; out: string[]; errors: string[] }> {
  const said = { out: [] as string[], errors: [] as string[] };
  const terminal = { out: (text: string) => void said.out.push(text), error: (text: string) => void said.errors.push(text) };
  const program = createProgram("tool", terminal);
  program.command("work").description("works").allowExcessArguments(false).action(work);
  return { code: await runProgram(program, args, { terminal, ...options }), ...said };
}

const throwing = (error: Error) => (): never => {
  throw error;
};

describe("runProgram", () => {
  it("ends with 0 after work and after --help", async () => {
    expect(await run(["work"])).toEqual({ code: 0, out: [], errors: [] });
    expect(await run(["--help"])).toMatchObject({ code: 0, out: [expect.stringContaining("work            works")], errors: [] });
  });

  it.each([
    [["wrok"], "error: unknown command 'wrok'\n(Did you mean work?)"],
    [["work", "--jsno"], "error: unknown option '--jsno'"],
    [["work", "now"], "error: too many arguments for 'work'. Expected 0 arguments but got 1."],
  ])("says once what is wrong with %j, and ends with 1", async (args, message) => {
    expect(await run(args)).toEqual({ code: 1, out: [], errors: [message] });
  });

  it("ends with 1 and the sentence of an error", async () => {
    const work = throwing(new InvalidArgumentError({ argument: "--port", value: -1, expected: "a port" }));
    expect(await run(["work"], { work })).toEqual({ code: 1, out: [], errors: ["--port must be a port, got -1."] });
  });

  it("throws what nobody foresaw", async () => {
    await expect(run(["work"], { work: throwing(new TypeError("a bug")) })).rejects.toThrow("a bug");
  });

  it.each([
    ["SIGINT", 130],
    ["SIGTERM", 143],
    ["SIGHUP", 129],
  ] as const)("ends work that %s cut short with %i", async (name, code) => {
    const signal = AbortSignal.abort(new StoppedBySignal(name));
    const errors = [new AbortedError("Training"), new DOMException("This operation was aborted", "AbortError"), signal.reason as Error];
    for (const error of errors) expect(await run(["work"], { work: throwing(error), signal })).toEqual({ code, out: [], errors: [error.message] });
    const stopped = await run(["work"], { work: throwing(errors[0]!), signal, stoppedText: "Stopped; run it again to continue." });
    expect(stopped).toEqual({ code, out: [], errors: ["Stopped; run it again to continue."] });
    expect(await run(["work"], { signal })).toEqual({ code: 0, out: [], errors: [] }); // it had finished
  });

  it("ends with 130 where a program's own signal stopped the work", async () => {
    expect(await run(["work"], { work: throwing(new AbortedError("Training")) })).toMatchObject({ code: 130, errors: ["Training was stopped."] });
  });
});
