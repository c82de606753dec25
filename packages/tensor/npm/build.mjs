// Fills the platform package in the current folder with the part of onnxruntime-node that its platform needs: the
// JavaScript as it is, one platform's binaries, and no install script. Its `prepack` runs this, its
// `postpack` runs it with --clean: in a clone tensor uses onnxruntime-node itself, as its tests do.
import { cpSync, mkdirSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";

for (const folder of ["bin", "dist"]) rmSync(folder, { recursive: true, force: true });
if (!process.argv.includes("--clean")) fill();

function fill() {
  const manifest = JSON.parse(readFileSync("package.json", "utf8"));
  const require = createRequire(import.meta.url);
  const source = dirname(require.resolve("onnxruntime-node/package.json"));
  const { version } = JSON.parse(readFileSync(join(source, "package.json"), "utf8"));
  if (version !== manifest.version) throw new Error(`${manifest.name} ${manifest.version} cannot be made of onnxruntime-node ${version}`);

  const binaries = join("bin", "napi-v6", manifest.os[0], manifest.cpu[0]);
  mkdirSync(binaries, { recursive: true });
  for (const name of readdirSync(join(source, binaries))) {
    if (/^libonnxruntime\.\d+\.\d+\.\d+\.dylib$/.test(name)) continue; // the same bytes as libonnxruntime.1.dylib, which the binding asks for
    cpSync(join(source, binaries, name), join(binaries, name));
  }
  cpSync(join(source, "dist"), "dist", { recursive: true, filter: (path) => !path.endsWith(".map") });
}
