import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { hostname, tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type LockHolder, withFileLock } from "./file-lock.ts";

let folder: string;
let path: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "file-lock-"));
  path = join(folder, "locks", "one.lock");
});
afterEach(() => rmSync(folder, { recursive: true }));

describe("withFileLock", () => {
  it("lets one work at a time, and leaves nothing", async () => {
    let [inside, most] = [0, 0];
    const work = async (): Promise<void> => {
      most = Math.max(most, ++inside);
      await wait(30);
      inside--;
    };
    await Promise.all([1, 2, 3].map(() => withFileLock(path, work)));
    expect(most).toBe(1);
    expect(readdirSync(join(folder, "locks"))).toEqual([]);
  });

  it("is given back when the work fails", async () => {
    await expect(withFileLock(path, () => Promise.reject(new Error("no")))).rejects.toThrow("no");
    expect(existsSync(path)).toBe(false);
  });

  it("takes the lock of a process that was killed", async () => {
    await withFileLock(path, async () => undefined); // makes the folder
    const { pid } = spawnSync(process.execPath, ["-e", ""]);
    writeFileSync(path, JSON.stringify({ host: hostname(), pid, id: "x" }));
    expect(await withFileLock(path, async () => "done")).toBe("done");
  });

  it.runIf(process.platform === "linux")("tells a process from an earlier one with its number (Linux)", async () => {
    await withFileLock(path, async () => undefined);
    writeFileSync(path, JSON.stringify({ host: hostname(), pid: process.pid, started: "1" }));
    expect(await withFileLock(path, async () => "done")).toBe("done");
  });

  it("takes a file that no lock wrote", async () => {
    await withFileLock(path, async () => undefined);
    for (const content of ["{", "7", '{"host":1,"pid":"x"}']) {
      writeFileSync(path, content);
      expect(await withFileLock(path, async () => "done")).toBe("done");
    }
  });

  it("tells who holds it instead of waiting, if asked to: a process here at once, one elsewhere once it gives a sign", async () => {
    const whenHeld = (holder: LockHolder): never => {
      throw new Error(`held by ${holder.pid} of ${holder.host}`);
    };
    const other = async (): Promise<string> => "done";
    await withFileLock(path, async () => {
      await expect(withFileLock(path, other, { whenHeld })).rejects.toThrow(`held by ${process.pid} of ${hostname()}`);
    });
    writeFileSync(path, JSON.stringify({ host: "elsewhere", pid: 1, started: null }));
    setTimeout(() => utimesSync(path, 1, 1), 300);
    await expect(withFileLock(path, other, { whenHeld })).rejects.toThrow("held by 1 of elsewhere");
  });

  it("waits for a process that runs, or may run on another machine, unless told not to", async () => {
    await withFileLock(path, async () => undefined);
    for (const holder of [
      { host: hostname(), pid: process.pid, id: "x" },
      { host: "elsewhere", pid: 1, id: "x" },
    ]) {
      writeFileSync(path, JSON.stringify(holder));
      await expect(withFileLock(path, async () => "done", { signal: AbortSignal.timeout(300) })).rejects.toMatchObject({ name: "AbortError" });
      const waiting = withFileLock(path, async () => "done");
      setTimeout(() => rmSync(path), 50);
      expect(await waiting).toBe("done");
    }
  });
});
