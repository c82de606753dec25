// The packages of this workspace, read from their manifests.
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

/** Absolute path of the repository. */
export const root = fileURLToPath(new URL("..", import.meta.url));

/** `{ name, folder, manifest }` of every package of the workspace; `folder` is relative to the repository. */
export function workspacePackages() {
  const folders = ["packages", "apps"].flatMap((group) => readdirSync(join(root, group)).map((name) => `${group}/${name}`));
  return [...folders, "bench", "examples", "scripts"].filter((folder) => existsSync(join(root, folder, "package.json"))).map(readPackage);
}

/** The same of the packages that hold one platform's binaries. */
export function platformPackages() {
  return ["packages/kernels/npm", "packages/tensor/npm"].flatMap((folder) =>
    readdirSync(join(root, folder), { withFileTypes: true })
      .filter((entry) => entry.isDirectory())
      .map(({ name }) => readPackage(`${folder}/${name}`)),
  );
}

function readPackage(folder) {
  const manifest = JSON.parse(readFileSync(join(root, folder, "package.json"), "utf8"));
  return { name: manifest.name, folder, manifest };
}
