// Which npm package brings ONNX Runtime. Microsoft's onnxruntime-node holds the binaries of every platform and an install
// script that downloads GPU libraries; tensor depends on a package with this platform's binaries alone, made of the same files.
import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { UnavailableError } from "@diffucoder/core";

export interface RuntimePackage {
  /** What to import for the JavaScript API. */
  entry: string;
  /** Folder of the native libraries for this platform. */
  binaries: string;
}

/**
 * Finds ONNX Runtime for this platform: the package that comes with tensor, else an installed onnxruntime-node.
 *
 * @param from URL of the module that looks for it
 * @throws {UnavailableError} if there is neither
 */
export function findRuntimePackage(from: string = import.meta.url): RuntimePackage {
  const { platform, arch } = process;
  const require = createRequire(from);
  const own = `@diffucoder/onnxruntime-${platform}-${arch}`;
  for (const name of [own, "onnxruntime-node"]) {
    const folder = folderOf(require, name);
    const binaries = folder && join(folder, "bin", "napi-v6", platform, arch);
    if (binaries && existsSync(binaries)) return { entry: require.resolve(name), binaries };
  }
  throw new UnavailableError({
    what: "ONNX Runtime",
    problem: `neither ${own} nor onnxruntime-node is installed with binaries for ${platform} ${arch}`,
    wayOut:
      "Install again without --omit=optional (npm) or --no-optional (pnpm); elsewhere install an onnxruntime-node that has binaries for this platform.",
  });
}

function folderOf(require: NodeJS.Require, name: string): string | undefined {
  try {
    return dirname(require.resolve(`${name}/package.json`));
  } catch {
    return undefined;
  }
}
