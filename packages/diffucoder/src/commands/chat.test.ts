import { describe, expect, it } from "vitest";
import { runCommand } from "../command.ts";
import { coder, errors, model, output, terminal } from "./tiny-commands.fixture.ts";

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
