import { InvalidArgumentError } from "@diffucoder/core";
import { QUEUE_KINDS, type QueueItem } from "./link.ts";

/** What names of items and workers are made of: they become names of files and keys. No colon, of which BullMQ makes its own ids. */
const NAME = /^[A-Za-z0-9][A-Za-z0-9.-]{0,199}$/;

/** @throws {InvalidArgumentError} if a name cannot be the name of a file */
export function checkName(argument: string, value: unknown): void {
  if (typeof value === "string" && NAME.test(value)) return;
  throw new InvalidArgumentError({ argument, value, expected: "at most 200 letters, digits, dots and hyphens, with a letter or digit first" });
}

/** @throws {InvalidArgumentError} if an item's id cannot be the name of a file, or its kind is none */
export function checkItem({ id, kind }: QueueItem): void {
  checkName("id", id);
  if (!QUEUE_KINDS.includes(kind)) throw new InvalidArgumentError({ argument: "kind", value: kind, expected: `one of ${QUEUE_KINDS.join(", ")}` });
}
