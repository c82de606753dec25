// A peer in a process of its own: commands go in and answers come out as lines of JSON.
import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { UnavailableError } from "@diffucoder/core";

export type Ask = <T>(command: object) => Promise<T>;

/** @param what the peer, for the error of one that ended or did not answer for two minutes */
export function asker(child: ChildProcess, what: string): Ask {
  let complaint = "";
  child.stdin?.on("error", () => {}); // it has ended, which the missing answer tells
  child.stderr?.on("data", (data: Buffer) => (complaint = (complaint + data.toString()).slice(-400)));
  const lines = createInterface({ input: child.stdout as NodeJS.ReadableStream })[Symbol.asyncIterator]();
  return async <T>(command: object): Promise<T> => {
    child.stdin?.write(`${JSON.stringify(command)}\n`);
    const timeout = setTimeout(() => child.kill(), 120_000);
    const line = await lines.next();
    clearTimeout(timeout);
    if (line.done === true) {
      const [code, signal] = child.exitCode === null && child.signalCode === null ? await once(child, "exit") : [child.exitCode, child.signalCode];
      const problem = complaint.trim().split("\n").at(-1) || `it ended with ${signal ?? `exit code ${code}`}`;
      throw new UnavailableError({ what, problem });
    }
    return JSON.parse(line.value) as T;
  };
}
