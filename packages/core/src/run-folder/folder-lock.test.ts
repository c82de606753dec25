import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { hostname, tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { withFolder } from "./folder-lock.ts";

const root = mkdtempSync(join(tmpdir(), "train-lock-"));
afterAll(() => rmSync(root, { recursive: true, force: true }));

describe("withFolder", () => {
  it("lets nobody else in while it works, and leaves nothing", async () => {
    const folder = join(root, "one");
    await withFolder(folder, async () => {
      await expect(withFolder(folder, async () => {})).rejects.toThrow(
        `${folder}: another run (process ${process.pid}) is using this folder. Wait for it or stop it, or give another folder with --output.`,
      );
      expect(existsSync(join(folder, "run.lock"))).toBe(true);
    });
    expect(readdirSync(folder)).toEqual([]);
    await expect(withFolder(folder, () => Promise.reject(new Error("work")))).rejects.toThrow("work");
    await withFolder(folder, async () => {});
  });

  it("takes over from a process that was killed, and clears what it left half written", async () => {
    const folder = join(root, "dead");
    const { pid } = spawnSync(process.execPath, ["-e", ""]);
    mkdirSync(join(folder, "model"), { recursive: true });
    const left = ["run.lock", "checkpoint.safetensors.tmp-12", "model/model.safetensors.tmp-12", "metrics.jsonl", "notes.tmp"];
    for (const name of left) writeFileSync(join(folder, name), JSON.stringify({ host: hostname(), pid, started: null }));
    await withFolder(folder, async () => expect(readdirSync(join(folder, "model"))).toEqual([]));
    expect(readdirSync(folder).sort()).toEqual(["metrics.jsonl", "model", "notes.tmp"]);
  });

  it("names a folder that cannot be made", async () => {
    writeFileSync(join(root, "file"), "");
    await expect(withFolder(join(root, "file", "run"), async () => {})).rejects.toThrow(
      /file\/run: cannot be written to \(.*\)\. Give another folder/,
    );
  });
});
