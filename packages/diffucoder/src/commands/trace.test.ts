import { readFileSync } from "node:fs";
import { join } from "node:path";
import { parseTrace } from "@diffucoder/samplers";
import { describe, expect, it } from "vitest";
import { coder, errors, file, folder, output, prompt, run } from "./tiny-commands.fixture.ts";

describe("diffucoder trace", () => {
  const traceOf = async (name: string, ...flags: string[]): Promise<string> => {
    const path = join(folder, name);
    await run("generate", "--prompt", prompt, "--trace", path, ...flags);
    output.length = 0;
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
