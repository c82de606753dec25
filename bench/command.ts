import { writeFileAtomic, DiffuCoderError } from "@diffucoder/core";
import { Command, CommanderError } from "commander";
import { suites } from "./suites/index.ts";
import { isMet, type Result } from "./measurement.ts";
import { tableText, toJson } from "./table.ts";

export interface Terminal {
  out(text: string): void;
  error(text: string): void;
}

/**
 * Runs `bench`.
 *
 * @returns the exit code; a missed target is shown and is no failure, since machines differ
 */
export async function runBench(args: readonly string[], terminal: Terminal): Promise<number> {
  const program = new Command("bench").description("Ours beside the peers that are installed, as ratios in one run").exitOverride();
  program.configureOutput({ writeOut: (text) => terminal.out(text.trimEnd()), writeErr: (text) => terminal.error(text.trimEnd()) });
  program
    .argument("[suite...]", `which suites (default: all of ${Object.keys(suites).join(", ")})`)
    .option("--json <file>", "write the measurements as a JSON list")
    .option("--quick", "a round or two of each: shows that it runs, measures nothing")
    .action((names: string[], flags: { json?: string; quick?: boolean }) => bench(names, flags, terminal));
  try {
    await program.parseAsync(args, { from: "user" });
    return 0;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode; // commander has said what is wrong
    if (!(error instanceof DiffuCoderError)) throw error;
    terminal.error(error.message);
    return 1;
  }
}

async function bench(names: readonly string[], { json, quick = false }: { json?: string; quick?: boolean }, { out, error }: Terminal): Promise<void> {
  const unknown = names.filter((name) => !Object.hasOwn(suites, name));
  if (unknown.length > 0)
    throw new DiffuCoderError("UNKNOWN_SUITE", `There is no suite ${unknown.join(", ")}; there are ${Object.keys(suites).join(", ")}.`);
  const results: Result[] = [];
  for (const name of names.length > 0 ? names : Object.keys(suites)) {
    results.push(...(await (suites[name] as (typeof suites)[string])({ quick, onProgress: ({ phase }) => error(`${phase} ...`) })));
  }
  out(tableText(results));
  const missed = results.filter((result) => isMet(result) === false).length;
  if (missed > 0) out(`${missed} ${missed === 1 ? "target" : "targets"} missed.`);
  if (json !== undefined) writeFileAtomic(json, `${JSON.stringify(toJson(results), null, 2)}\n`);
}
