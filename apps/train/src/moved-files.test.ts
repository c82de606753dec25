import { cpSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { bundledModelDir } from "diffucoder";
import { describe, expect, it, onTestFinished } from "vitest";
import { hasPython, set, train } from "./run-train.fixture.ts";

const temporaryFolder = (): string => {
  const folder = mkdtempSync(join(tmpdir(), "train-moved-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  return folder;
};

describe.runIf(hasPython)(`a run whose files were moved or changed${hasPython ? "" : " (SKIPPED: there is no python3)"}`, () => {
  it("resumes when they have moved; a different one is named", async () => {
    const folder = temporaryFolder();
    const [model, moved, output, tasks, tasksMoved] = ["model", "moved", "run", "tasks.jsonl", "moved.jsonl"].map((name) => join(folder, name)) as [
      string,
      string,
      string,
      string,
      string,
    ];
    cpSync(bundledModelDir(), model, { recursive: true });
    const task = (id: string): string => `${JSON.stringify({ id, prompt: "Return the sum of xs.", entry_point: "f", tests: [[[[1, 2]], 3]] })}\n`;
    writeFileSync(tasks, task("a") + task("b"));
    const evaluate = (modelDir: string, file: string) =>
      train(["evaluate", "--model", modelDir, "--output", output, "--data", file, ...set({ samplesPerTask: 1, steps: 2 })]);
    const wayOut = "Run with the same settings and files to resume, give another folder with --output, or start over with --fresh.";
    expect(await evaluate(model, tasks)).toMatchObject({ code: 0 });

    renameSync(model, moved);
    renameSync(tasks, tasksMoved);
    expect(await evaluate(moved, tasksMoved)).toMatchObject({ code: 0, progress: expect.not.stringContaining('"evaluate"') as string });

    writeFileSync(tasksMoved, task("a") + task("c"));
    expect((await evaluate(moved, tasksMoved)).errors.at(-1)).toMatch(
      /^.*run\.json: belongs to a run with other settings: dataset \(its content\) was "sha256 [\da-f]{16}", is "sha256 [\da-f]{16}"\. Run with/,
    );
    writeFileSync(tasksMoved, task("a") + task("b"));
    const path = join(moved, "generation_config.json");
    writeFileSync(path, readFileSync(path, "utf8").trimEnd().replace(/\}$/, ', "topK": 3 }'));
    const { code, error } = await evaluate(moved, tasksMoved);
    expect(code).toBe(1);
    expect(error).toMatch(/: generation_config\.json of --model was "sha256 [\da-f]{16}", is "sha256 [\da-f]{16}"\. /);
    expect(error.endsWith(wayOut)).toBe(true);
  });
});
