// The built command, killed at random moments: started again it goes on and ends with the files of a run that nothing disturbed.
// `KILLS=10 npx vitest run --project @diffucoder/app-train src/killed.test.ts` kills each command so often on its way.
import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createRandom } from "@diffucoder/core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { buildTrain, main } from "./build-train.fixture.ts";
import { hasPython, set } from "./run-train.fixture.ts";

const folder = mkdtempSync(join(tmpdir(), "train-killed-"));
const base = join(folder, "pretrain-whole");
const random = createRandom(11);

const KILLS = Number(process.env["KILLS"] ?? 1);

beforeAll(async () => {
  buildTrain();
  const { code, said } = await run(["pretrain", "--output", autoregressive, ...ofTwoLayers]);
  if (code !== 0) throw new Error(said);
}, 300_000);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** A moment of a run: some milliseconds after its n-th line of progress. */
interface Moment {
  line: number;
  delay: number;
  /** Sent one after the other. @default SIGKILL */
  signals?: readonly NodeJS.Signals[];
}

interface Ended {
  code: number | null;
  said: string;
  /** When each line of progress was said, and when the process ended, milliseconds. */
  times: number[];
}

/** Runs the command to its end, or to the moment at which it is killed. */
function run(args: readonly string[], killAt?: Moment): Promise<Ended> {
  const child = spawn(process.execPath, [main, ...args], { stdio: ["ignore", "pipe", "pipe"] });
  let said = "";
  const times: number[] = [];
  let timer: NodeJS.Timeout | undefined;
  for (const stream of [child.stdout, child.stderr]) {
    stream.on("data", (chunk: Buffer) => {
      said += chunk.toString();
      while (times.length < said.split('{"phase"').length - 1) times.push(performance.now());
      if (killAt !== undefined && times.length > killAt.line)
        timer ??= setTimeout(() => (killAt.signals ?? ["SIGKILL"]).forEach((signal) => child.kill(signal)), killAt.delay);
    });
  }
  return new Promise((resolve) =>
    child.on("close", (code) => {
      clearTimeout(timer);
      times.push(performance.now());
      resolve({ code, said, times });
    }),
  );
}

/** A moment within one of the phases of a run that took so long; first and last step of each phase are lines of progress. */
function randomMoment(times: readonly number[]): Moment {
  const line = random.integer(0, times.length - 1);
  return { line, delay: random.uniform() * (times[line + 1]! - times[line]!) };
}

const pretraining = set({
  "model.hiddenSize": 16,
  "model.intermediateSize": 32,
  "model.numHiddenLayers": 1,
  "model.numAttentionHeads": 2,
  "model.numKeyValueHeads": 2,
  "data.tiers": { 1: 1, 2: 1 },
  "training.evalSteps": 4,
  "evaluation.examples": 4,
  "training.stages.0.maxSteps": 10,
  "training.stages.1.maxSteps": 15,
  "training.perDeviceTrainBatchSize": 2,
  "training.saveSteps": 3,
});
const stage = set({ "training.perDeviceTrainBatchSize": 2, "training.saveSteps": 2, "training.warmupSteps": 2 });
const autoregressive = join(folder, "autoregressive");
const ofTwoLayers = set({
  "model.family": "qwen2",
  "model.hiddenSize": 16,
  "model.intermediateSize": 32,
  "model.numHiddenLayers": 2,
  "model.numAttentionHeads": 2,
  "model.numKeyValueHeads": 1,
  "training.stages": [{ objective: "autoregressive", maxSteps: 2 }],
  "training.perDeviceTrainBatchSize": 2,
});
const grpo = {
  "data.tasks": 6,
  "data.tiers": { 1: 1 },
  "training.maxSteps": 6,
  "training.promptsPerStep": 2,
  "training.numGenerations": 2,
  "sampling.steps": 2,
  "training.saveSteps": 2,
};
const evaluation = { "data.tiers": { 2: 1 }, "data.tasks": 8, samplesPerTask: 2, steps: 2, batchSize: 4 };

const commands = [
  {
    name: "pretrain",
    settings: pretraining,
    needsPython: false,
    files: ["model/model.safetensors", "checkpoint.safetensors", "checkpoint-best/model.safetensors", "checkpoint-best/best.json"],
  },
  {
    name: "adapt",
    settings: [
      ...stage,
      "--init",
      join(autoregressive, "model"),
      ...set({ "training.stages.0": { objective: "adaptation", maxSteps: 6, annealSteps: 4 } }),
    ],
    needsPython: false,
    files: ["model/model.safetensors", "model/tokenizer.json", "checkpoint.safetensors"],
  },
  {
    name: "sft",
    settings: [...stage, "--init", join(folder, "adapt-whole/model"), ...set({ lora: { r: 2 }, "training.stages.0.maxSteps": 6 })],
    needsPython: false,
    files: ["adapter/adapter_model.safetensors", "adapter/adapter_config.json", "checkpoint.safetensors"],
  },
  { name: "coupled-grpo", settings: set(grpo), needsPython: true, files: ["model/model.safetensors", "checkpoint.safetensors"] },
  { name: "evaluate", settings: set(evaluation), needsPython: true, files: ["generations-1.jsonl", "samples.jsonl", "eval-result.json"] },
  {
    name: "quickstart",
    settings: set({ ...grpo, ...Object.fromEntries(Object.entries(evaluation).map(([key, value]) => [`evaluation.${key}`, value])) }),
    needsPython: true,
    files: ["before/generations-1.jsonl", "before/eval-result.json", "after/generations-1.jsonl", "after/samples.jsonl", "model/model.safetensors"],
  },
];

describe("a run that was killed", () => {
  for (const { name, settings, needsPython, files } of commands) {
    const skipped = needsPython && !hasPython;
    it.skipIf(skipped)(
      `${name} goes on to the same end${skipped ? " (SKIPPED: there is no python3)" : ""}`,
      { timeout: 60_000 * (1 + KILLS) },
      async () => {
        const [whole, killed] = [join(folder, `${name}-whole`), join(folder, `${name}-killed`)];
        const command = (output: string): string[] => [
          name,
          "--output",
          output,
          ...settings,
          ...(needsPython ? ["--model", join(base, "model")] : []),
        ];
        const undisturbed = await run(command(whole));
        expect(undisturbed.code, undisturbed.said).toBe(0);
        const moments = Array.from({ length: KILLS }, () => randomMoment(undisturbed.times));
        for (const moment of moments) await run(command(killed), moment);
        const last = await run(command(killed));
        const when = `killed at ${JSON.stringify(moments)}`;
        expect(last.code, `${when}\n${last.said}`).toBe(0);
        const hash = (path: string): string => createHash("sha256").update(readFileSync(path)).digest("hex");
        for (const file of files) expect(hash(join(killed, file)), `${file}, ${when}`).toBe(hash(join(whole, file)));
        expect(readdirSync(killed).filter((one) => one.includes("tmp") || one.includes("lock"))).toEqual([]);
      },
    );
  }
});

describe("a run that is asked to stop", () => {
  const endless = (name: string): string[] => [
    "pretrain",
    "--output",
    join(folder, name),
    ...pretraining,
    ...set({ "training.stages.1.maxSteps": 100_000 }),
  ];
  const STOPPED = "Stopped. Progress is saved: run the same command to resume.\n";

  it.each([
    ["SIGINT", 130],
    ["SIGTERM", 143],
  ] as const)("keeps its work at %s and ends with %i", async (signal, code) => {
    const stopped = await run(endless(signal), { line: 1, delay: 0, signals: [signal] });
    expect(stopped.code, stopped.said).toBe(code);
    expect(stopped.said.endsWith(STOPPED), stopped.said).toBe(true);
    expect(existsSync(join(folder, signal, "checkpoint.safetensors"))).toBe(true);
  });

  it("ends at once when it is asked twice", async () => {
    // A step of half a second: the run ends the step that it is in before it saves, so that it cannot be done before the second signal comes.
    const longSteps = [...endless("twice"), ...set({ "training.perDeviceTrainBatchSize": 512 })];
    const stopped = await run(longSteps, { line: 1, delay: 0, signals: ["SIGINT", "SIGTERM"] });
    expect([130, 143], stopped.said).toContain(stopped.code); // the system delivers the two in any order
    expect(stopped.said).not.toContain("Stopped.");
  });
});
