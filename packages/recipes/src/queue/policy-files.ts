// The policies that workers sample with, as files by their hash: each is fetchable for as long as a step may need it.
import { mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import type { ModelParameters } from "@diffucoder/diffusion";
import { writeSafetensors } from "@diffucoder/tensor";
import type { ContentFiles } from "./content-files.ts";

/** Policies of a run. */
export interface PolicyFiles {
  /** Makes a version fetchable, if it is not. @returns its SHA-256 */
  publish(version: number, parameters: ModelParameters): Promise<string>;
  /** Ends that for all versions before this one. */
  removeBefore(version: number): void;
  /** Removes all of them. */
  close(): void;
}

/** @param base weights that workers have: of a policy only what differs from them is written, such as an adapter */
export function policyFiles(folder: string, { files, base }: { files: ContentFiles; base: ModelParameters }): PolicyFiles {
  rmSync(folder, { recursive: true, force: true }); // of a process that was killed
  mkdirSync(folder, { recursive: true });
  const published = new Map<number, string>();
  const pathOf = (version: number): string => join(folder, `version-${version}.safetensors`);
  return {
    publish: async (version, parameters) => {
      const known = published.get(version);
      if (known !== undefined) return known;
      writeSafetensors(pathOf(version), Object.fromEntries(Object.entries(parameters).filter(([name, array]) => base[name] !== array)));
      const sha256 = await files.add(pathOf(version));
      published.set(version, sha256);
      return sha256;
    },
    removeBefore: (oldest) => {
      const kept = new Set([...published].flatMap(([version, sha256]) => (version < oldest ? [] : [sha256])));
      for (const [version, sha256] of published) {
        if (version >= oldest) continue;
        if (!kept.has(sha256)) files.remove(sha256); // a step may change nothing
        rmSync(pathOf(version), { force: true });
        published.delete(version);
      }
    },
    close: () => rmSync(folder, { recursive: true, force: true }),
  };
}
