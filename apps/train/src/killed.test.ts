// The built command, killed at random moments: started again it goes on and ends with the files of a run that nothing disturbed.
import { spawn, spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { fileURLToPath } from "node:url";
import { createRandom } from "@diffucoder/core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";

const hasPython = (process.env.PATH ?? "").split(delimiter).some((dir) => existsSync(join(dir, "python3")));
const root = fileURLToPath(new URL("../../..", import.meta.url));
const main = join(root, "apps/train/dist/main.js");
const folder = mkdtempSync(join(tmpdir(), "train-killed-"));
const base = join(folder, "pretrain-whole");
const random = createRandom(11);

const KILLS = 2;

beforeAll(() => {
  // `npm test` has built it already; then this takes a moment.
  const turbo = join(root, "node_modules/turbo/bin/turbo");
  const built = spawnSync(process.execPath, [turbo, "run", "build", "--filter=@diffucoder/app-train", "--ui=stream"], {
    cwd: root,
    encoding: "utf8",
  });
  if (built.status !== 0) throw new Error(built.stdout + built.stderr);
}, 300_000);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Runs the command to its end, or kills it after so many milliseconds. */
function run(args: readonly string[], { killAfter }: { killAfter?: number } = {}): Promise<{ code: number | null; said: string }> {
  const child = spawn(process.execPath, [main, ...args], { stdio: ["ignore", "pipe", "pipe"] });
  let said = "";
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (chunk: Buffer) => (said += chunk.toString()));
  const timer = killAfter === undefined ? undefined : setTimeout(() => child.kill("SIGKILL"), killAfter);
  return new Promise((resolve) =>
    child.on("close", (code) => {
      clearTimeout(timer);
      resolve({ code, said });
    }),
  );
}

const set = (settings: Record<string, unknown>): string[] =>
  Object.entries(settings).flatMap(([key, value]) => ["--set", `${key}=${JSON.stringify(value)}`]);

const pretraining = set({
  "model.hiddenSize": 16,
  "model.intermediateSize": 32,
  "model.numHiddenLayers": 1,
  "model.numAttentionHeads": 2,
  "model.numKeyValueHeads": 2,
  "training.arSteps": 15,
  "training.diffusionSteps": 25,
  "training.perDeviceTrainBatchSize": 2,
  "training.saveSteps": 3,
});
const grpo = {
  "data.tasks": 6,
  "training.maxSteps": 8,
  "training.promptsPerStep": 2,
  "training.numGenerations": 2,
  "training.diffusionSteps": 2,
  "training.saveSteps": 2,
};
const evaluation = { tasks: 8, samplesPerTask: 2, steps: 2, batchSize: 4 };

const commands = [
  { name: "pretrain", settings: pretraining, needsPython: false, files: ["model/model.safetensors", "checkpoint.safetensors"] },
  { name: "coupled-grpo", settings: set(grpo), needsPython: true, files: ["model/model.safetensors", "checkpoint.safetensors"] },
  { name: "evaluate", settings: set(evaluation), needsPython: true, files: ["samples.jsonl"] },
  {
    name: "quickstart",
    settings: set({ ...grpo, ...Object.fromEntries(Object.entries(evaluation).map(([key, value]) => [`evaluation.${key}`, value])) }),
    needsPython: true,
    files: ["before.jsonl", "after.jsonl", "model/model.safetensors"],
  },
];

describe("a run that was killed", () => {
  for (const { name, settings, needsPython, files } of commands) {
    const skipped = needsPython && !hasPython;
    it.skipIf(skipped)(`${name} goes on to the same end${skipped ? " (SKIPPED: there is no python3)" : ""}`, { timeout: 240_000 }, async () => {
      const [whole, killed] = [join(folder, `${name}-whole`), join(folder, `${name}-killed`)];
      const command = (output: string): string[] => [name, "--output", output, ...settings, ...(needsPython ? ["--model", join(base, "model")] : [])];
      const started = performance.now();
      expect(await run(command(whole))).toMatchObject({ code: 0 });
      const length = performance.now() - started;
      for (let kill = 0; kill < KILLS; kill++) await run(command(killed), { killAfter: (0.2 + 0.8 * random.uniform()) * length });
      const last = await run(command(killed));
      expect(last.code, last.said).toBe(0);
      const hash = (path: string): string => createHash("sha256").update(readFileSync(path)).digest("hex");
      for (const file of files) expect(hash(join(killed, file)), file).toBe(hash(join(whole, file)));
      expect(readdirSync(killed).filter((one) => one.includes("tmp") || one.includes("lock"))).toEqual([]);
    });
  }
});
