// A plan binds from its first record on: what was predicted may not move once results are known.
import { existsSync } from "node:fs";
import { join } from "node:path";
import { changedSettings, FileError, readJsonObject, writeFileAtomic } from "@diffucoder/core";
import type { ReadPlan } from "./plan.ts";
import { LOCK_FILE } from "./record.ts";

/** @throws {FileError} naming the keys of the plan that changed since its first record */
export function checkPlanLock(folder: string, { path, written }: ReadPlan): void {
  const lock = join(folder, LOCK_FILE);
  if (!existsSync(lock)) return;
  const changed = changedSettings(readJsonObject(lock), written);
  if (changed.length === 0) return;
  const problem = `has changed since its first record: ${changed.join("; ")}`;
  throw new FileError({ path, problem, wayOut: "Put the plan back, or write another experiment in a folder of its own." });
}

/** Binds the plan, or checks it if it is bound. */
export function lockPlan(folder: string, read: ReadPlan): void {
  checkPlanLock(folder, read);
  const lock = join(folder, LOCK_FILE);
  if (!existsSync(lock)) writeFileAtomic(lock, `${JSON.stringify(read.written, null, 2)}\n`);
}
