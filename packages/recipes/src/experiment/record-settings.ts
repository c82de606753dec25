import { changedSettings, FileError } from "@diffucoder/core";
import { type ExperimentRecord, recordPath } from "./record.ts";

/**
 * Checks that a record was made with the settings that its arm has now. Settings that did not exist then are passed over: what a later
 * version adds does not change by itself what an earlier one did.
 *
 * @throws {FileError} naming what differs, in the project's recipe or in the model
 */
export function checkRecordSettings(folder: string, record: ExperimentRecord, now: object): void {
  if (record.recipe === null) return;
  const changed = changedSettings(record.recipe, known(now, record.recipe));
  if (changed.length === 0) return;
  const problem = `was made with other settings: ${changed.join("; ")}`;
  throw new FileError({
    path: recordPath(folder, record),
    problem,
    wayOut: "Runs with both cannot be compared: put them back, or remove the record.",
  });
}

function known(now: object, before: object): Record<string, unknown> {
  const then = before as Record<string, unknown>;
  const entries = Object.entries(now).filter(([key]) => key in then);
  return Object.fromEntries(
    entries.map(([key, value]: [string, unknown]) => [key, isPlain(value) && isPlain(then[key]) ? known(value, then[key]) : value]),
  );
}

function isPlain(value: unknown): value is object {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
