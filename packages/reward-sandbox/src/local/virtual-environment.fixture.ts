import { spawnSync } from "node:child_process";
import { mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { findPython } from "./launch.ts";

/** Makes a virtual environment with one package, version 1.2; returns the path of its Python and the folder of its packages. */
export function virtualEnvironment(folder: string, name: string): { python: string; packages: string } {
  spawnSync(findPython() as string, ["-m", "venv", "--without-pip", folder]);
  const library = join(folder, "lib");
  const packages = join(library, readdirSync(library).find((each) => each.startsWith("python")) as string, "site-packages");
  const info = join(packages, `${name}-1.2.dist-info`);
  for (const path of [join(packages, name), info]) mkdirSync(path);
  writeFileSync(join(packages, name, "__init__.py"), `word = "of ${name}"`);
  writeFileSync(join(info, "METADATA"), `Metadata-Version: 2.1\nName: ${name}\nVersion: 1.2\n`);
  return { python: join(folder, "bin", "python"), packages };
}
