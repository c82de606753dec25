import { PassThrough } from "node:stream";
import type { OnProgress } from "@diffucoder/core";
import { expect, it } from "vitest";
import { showProgress } from "./show-progress.ts";
import type { ProgressStream } from "./terminal.ts";

/** What is written while some work runs. */
async function shown(work: (onProgress: OnProgress) => void, { isTTY, json }: { isTTY: boolean; json?: boolean }): Promise<string> {
  const stream: ProgressStream & PassThrough = Object.assign(new PassThrough(), { isTTY });
  let text = "";
  stream.on("data", (chunk: Buffer) => (text += chunk.toString()));
  const terminal = { out: () => {}, error: () => {}, progress: stream };
  await showProgress({ terminal, json }, async (onProgress) => work(onProgress));
  return text;
}

const twoPhases = (onProgress: OnProgress): void => {
  for (const phase of ["train", "evaluate"])
    for (let step = 1; step <= 40; step++) onProgress({ phase, step, total: 40, metrics: { loss: 1 / step, other: 2 } });
};

it.each([{ isTTY: false }, { isTTY: true, json: true }])("prints the first and the last step of each phase as JSON lines: %j", async (options) => {
  const lines = (await shown(twoPhases, options)).trimEnd().split("\n");
  expect(lines.map((line) => JSON.parse(line) as unknown)).toEqual([
    { phase: "train", step: 1, total: 40, metrics: { loss: 1, other: 2 } },
    { phase: "train", step: 40, total: 40, metrics: { loss: 0.025, other: 2 } },
    { phase: "evaluate", step: 1, total: 40, metrics: { loss: 1, other: 2 } },
    { phase: "evaluate", step: 40, total: 40, metrics: { loss: 0.025, other: 2 } },
  ]);
});

it("draws a bar for each phase on a terminal", async () => {
  const text = await shown(twoPhases, { isTTY: true });
  expect(text).toMatch(/train .* 40\/40 .* loss 0\.025[^]*evaluate .* 40\/40 .* loss 0\.025/);
  expect(text).not.toContain("{");
});

it("gives the terminal back when the work fails", async () => {
  let text = "";
  const progress: ProgressStream & PassThrough = Object.assign(new PassThrough(), { isTTY: true });
  progress.on("data", (chunk: Buffer) => (text += chunk.toString()));
  const before = process.listenerCount("exit");
  const work = showProgress({ terminal: { out: () => {}, error: () => {}, progress } }, async (onProgress) => {
    onProgress({ phase: "train", step: 1, total: 40 });
    expect(process.listenerCount("exit")).toBe(before + 1); // for an end in between
    throw new Error("out of paper");
  });
  await expect(work).rejects.toThrow("out of paper");
  expect(process.listenerCount("exit")).toBe(before);
  expect(text.lastIndexOf("\u001b[?25h")).toBeGreaterThan(text.lastIndexOf("\u001b[?25l")); // the cursor is shown again
});

it("shows nothing where there is no place for it", async () => {
  expect(
    await showProgress({ terminal: { out: () => {}, error: () => {} } }, async (onProgress) => onProgress({ phase: "a", step: 1, total: 2 })),
  ).toBe(undefined);
});
