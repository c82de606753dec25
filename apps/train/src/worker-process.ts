// The second process of `train worker`: gets one piece of work after the other and answers each. It ends with the first one.
import { DiffuCoderError } from "@diffucoder/core";
import type { QueueItem } from "@diffucoder/queue";
import { type DoWork, doWork, type RunCard } from "@diffucoder/recipes";
import { createSandbox } from "@diffucoder/reward-sandbox";

/** What the process needs to know before it works. */
export interface WorkerSetup {
  /** Folder for weights. */
  cache: string;
  /** Python of the sandbox. */
  python: string | undefined;
  /** Whether it runs programs. */
  hasSandbox: boolean;
}

/** An answer: what the work gave, or why there is nothing. */
export type WorkerAnswer = { result: string } | { error: { code: string; message: string } };

type Asked = { setup: WorkerSetup } | { item: QueueItem; card: RunCard };

let work: DoWork | undefined;

async function answer(message: Asked): Promise<string> {
  if ("item" in message) return work!(message.item, message.card);
  const { cache, python, hasSandbox } = message.setup;
  const sandbox = hasSandbox ? await createSandbox(python === undefined ? {} : { python }) : undefined;
  work = doWork({ cache, sandbox });
  return "";
}

function asError(error: unknown): WorkerAnswer {
  const { message } = error as Error;
  return { error: { code: error instanceof DiffuCoderError ? error.code : "WORKER", message } };
}

process.on("message", (message: Asked) => {
  answer(message).then(
    (result) => process.send!({ result }),
    (error: unknown) => process.send!(asError(error)),
  );
});
process.on("disconnect", () => process.exit());
// Ctrl-C reaches the whole group; the first process decides when this one ends.
process.on("SIGINT", () => {});
