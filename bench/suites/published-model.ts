// A checkpoint of a published model's size, which a variable of the environment names: the time until it is loaded, the largest
// resident set, and the seconds of a denoising step of 256 new tokens after a prompt of 128. Quantized checkpoints are taken as
// they are, others in int8 and in int4.
import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { UnavailableError } from "@diffucoder/core";
import { extent, measured, median, type Result } from "../measurement.ts";
import type { PublishedModelRun } from "../published-model.ts";
import type { SuiteOptions } from "./suite.ts";

const SUITE = "published-7B";
const STEPS = 3;
const GB = 1e9;

export async function publishedModelSuite({ quick, say }: SuiteOptions): Promise<Result[]> {
  const folder = process.env["DIFFUCODER_7B"];
  if (folder === undefined)
    throw new UnavailableError({
      what: SUITE,
      problem: "DIFFUCODER_7B does not name a checkpoint folder",
      wayOut: "scripts/random-checkpoint.ts writes one of any shape with random weights.",
    });
  const isQuantized = Object.hasOwn(JSON.parse(readFileSync(join(folder, "config.json"), "utf8")) as object, "quantization_config");
  const results: Result[] = [];
  for (const method of isQuantized ? [""] : ["int8", "int4"]) {
    const name = method === "" ? "as saved" : method;
    say(`${SUITE} ${name} ...`);
    const script = fileURLToPath(new URL("./published-model.js", import.meta.url));
    const { stdout } = await promisify(execFile)(process.execPath, [script, folder, method, String(quick ? 1 : STEPS)]);
    const { loadSeconds, loadedBytes, peakBytes, promptTokens, stepSeconds } = JSON.parse(stdout) as PublishedModelRun;
    const [first, ...others] = stepSeconds as [number, ...number[]];
    results.push(
      measured({ suite: SUITE, name: `${name}, loading`, ours: loadSeconds, unit: "s" }),
      measured({ suite: SUITE, name: `${name}, peak memory after loading`, ours: loadedBytes / GB, unit: "GB" }),
      measured({ suite: SUITE, name: `${name}, peak memory`, ours: peakBytes / GB, unit: "GB", target: { of: "ours", atMost: 16 * 1.073741824 } }),
      measured({ suite: SUITE, name: `${name}, first step, prompt of ${promptTokens}`, ours: first, unit: "s" }),
    );
    if (others.length > 0)
      results.push(measured({ suite: SUITE, name: `${name}, denoising step`, ours: median(others), spread: extent(others), unit: "s" }));
  }
  return results;
}
