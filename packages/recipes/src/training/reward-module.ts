// A custom reward: a JavaScript module that exports a function from samples to numbers. It runs in its own thread, so that one
// that hangs, even in synchronous code, can be ended.
import { existsSync } from "node:fs";
import { basename, extname, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { Worker } from "node:worker_threads";
import { DiffuCoderError, FileError, show } from "@diffucoder/core";
import type { RewardFunction } from "@diffucoder/reward-sandbox";

/** A module with a reward function. */
export interface RewardModuleOptions {
  /** Path of the module, `.mjs` or `.js`. */
  file: string;
  /** Name of the export. @default "default" */
  export?: string | undefined;
  /** Time limit of a call, milliseconds. Loading may take 10 seconds. @default 10_000 */
  timeout?: number | undefined;
}

/** A loaded reward function. */
export interface RewardModule {
  /** Name of its figures: the file's name without its extension. */
  name: string;
  /** The function. */
  reward: (samples: Parameters<RewardFunction>[0]) => Promise<(number | null)[]>;
  /** Ends its thread. */
  close(): void;
}

/** Milliseconds. */
const LOADING = 10_000;

/** What the thread runs: plain JavaScript, since a thread cannot start from TypeScript on every version of Node that is supported. */
const THREAD = `
const { parentPort, workerData } = require("node:worker_threads");
const say = (error) => error instanceof Error ? error.message : String(error);
import(workerData.url).then((module) => {
  const reward = module[workerData.name];
  if (typeof reward !== "function") return parentPort.postMessage({ problem: "exports no function named " + workerData.name });
  parentPort.on("message", async (samples) => {
    try {
      parentPort.postMessage({ values: await reward(samples) });
    } catch (error) {
      parentPort.postMessage({ problem: "failed: " + say(error) });
    }
  });
  parentPort.postMessage({ values: [] });
}, (error) => parentPort.postMessage({ problem: "cannot be loaded: " + say(error) }));
`;

/**
 * Loads a reward function from a module.
 *
 * @throws {FileError} if there is no such file
 * @throws {DiffuCoderError} with code `"REWARD"` if it cannot be loaded or the export is not a function; from `reward`, if the function throws,
 *   takes too long, ends its thread, or does not return a finite number or `null` for each sample
 */
export async function loadRewardModule({ file, export: name = "default", timeout = 10_000 }: RewardModuleOptions): Promise<RewardModule> {
  if (!existsSync(file)) throw new FileError({ path: file, problem: "no such file", wayOut: "Give a JavaScript module with --reward." });
  const worker = new Worker(THREAD, { eval: true, workerData: { url: pathToFileURL(resolve(file)).href, name } });
  worker.unref();
  const fail = (problem: string): DiffuCoderError => new DiffuCoderError("REWARD", `The reward module ${file} ${problem}.`);
  const ask = conversation(worker);
  const valuesOf = async (request: Parameters<typeof ask>[0]): Promise<unknown> => {
    const answer = await ask(request);
    if ("values" in answer) return answer.values;
    void worker.terminate();
    throw fail(answer.problem.replace(/\.$/, ""));
  };
  await valuesOf({ timeout: LOADING });
  return {
    name: `${basename(file, extname(file))}${name === "default" ? "" : `#${name}`}`,
    reward: async (samples) => {
      const values = await valuesOf({ samples, timeout });
      if (!Array.isArray(values)) throw fail("did not return a list with one number or null for each sample");
      if (values.length !== samples.length) throw fail(`returned ${values.length} values for ${samples.length} samples`);
      const bad = values.findIndex((value) => value !== null && !(typeof value === "number" && Number.isFinite(value)));
      if (bad !== -1) throw fail(`returned ${show(values[bad])} for sample ${bad}, expected a finite number or null`);
      return values as (number | null)[];
    },
    close: () => void worker.terminate(),
  };
}

type Answer = { values: unknown } | { problem: string };

/** Asks the thread: each call waits for its next message. */
function conversation(worker: Worker): (request: { samples?: unknown; timeout: number }) => Promise<Answer> {
  let settle: (answer: Answer) => void = () => {};
  worker.on("message", (answer: Answer) => settle(answer));
  worker.on("messageerror", (error) => settle({ problem: `returned something unreadable: ${error.message}` }));
  worker.on("error", (error) => settle({ problem: `failed: ${error.message}` }));
  worker.on("exit", (code) => settle({ problem: `ended its thread with code ${code}` }));
  return ({ samples, timeout }) =>
    new Promise((resolve) => {
      const timer = setTimeout(() => resolve({ problem: `did not answer within ${timeout / 1000} seconds` }), timeout);
      settle = (answer) => {
        clearTimeout(timer);
        resolve(answer);
      };
      if (samples !== undefined) worker.postMessage(samples, []);
    });
}
