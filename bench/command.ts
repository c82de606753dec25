import { createProgram, runProgram, type Terminal } from "@diffucoder/command-line";
import { DiffuCoderError, writeFileAtomic } from "@diffucoder/core";
import { InvalidArgumentError } from "commander";
import { onlyByName, suites } from "./suites/index.ts";
import { isMet, type Result } from "./measurement.ts";
import { tableText, toJson } from "./table.ts";

/**
 * Runs `bench`.
 *
 * @returns the exit code: 1 if a suite could not be run; a missed target is shown and is no failure, since machines differ
 */
export async function runBench(args: readonly string[], terminal: Terminal): Promise<number> {
  const program = createProgram("bench", terminal).description("Ours beside the peers that are installed, as ratios in one run");
  program
    .argument("[suite...]", `which suites (default: all of ${Object.keys(suites).join(", ")})`)
    .option("--json [file]", "write the measurements as a JSON list; without a file, print it in place of the table")
    .option("--tasks <number>", "tasks of each split in suites that score programs (pareto): more tasks, narrower intervals", positiveInteger)
    .option("--python <path>", "Python that benchmarks' programs run on (eval-...), with the packages installed for it")
    .option("--quick", "a round or two of each: shows that it runs, measures nothing")
    .action(async (names: string[], flags: Flags) => void (failed = await bench(names, flags, terminal)));
  let failed: readonly string[] = [];
  const code = await runProgram(program, args, { terminal });
  return code === 0 && failed.length > 0 ? 1 : code;
}

interface Flags {
  /** A file, or `true` for standard output. */
  json?: string | true;
  quick?: boolean;
  tasks?: number;
  python?: string;
}

function positiveInteger(text: string): number {
  if (!/^[1-9]\d*$/.test(text)) throw new InvalidArgumentError("It must be an integer above 0.");
  return Number(text);
}

/** @returns the suites that failed; the others run nevertheless */
async function bench(names: readonly string[], { json, quick = false, tasks, python }: Flags, { out, error }: Terminal): Promise<string[]> {
  const unknown = names.filter((name) => !Object.hasOwn(suites, name));
  if (unknown.length > 0)
    throw new DiffuCoderError("UNKNOWN_SUITE", `There is no suite ${unknown.join(", ")}; there are ${Object.keys(suites).join(", ")}.`);
  if (typeof json === "string" && Object.hasOwn(suites, json))
    throw new DiffuCoderError("UNCLEAR", `--json ${json} could mean a file or a suite: put --json last, or write --json ./${json}.`);
  const results: Result[] = [];
  const failed: string[] = [];
  if (typeof json === "string") writeFileAtomic(json, listText(results)); // a path that cannot be written to is found out now
  // What a suite measured is shown and kept when it ends, so that a run that is killed loses one suite at most.
  for (const name of names.length > 0 ? names : Object.keys(suites).filter((suite) => !onlyByName.has(suite))) {
    try {
      const measured = await (suites[name] as (typeof suites)[string])({ quick, tasks, python, say: error });
      results.push(...measured);
      if (json !== true && measured.length > 0) out(tableText(measured));
      if (typeof json === "string") writeFileAtomic(json, listText(results));
    } catch (cause) {
      if (!(cause instanceof DiffuCoderError)) throw cause;
      error(`${name} failed: ${cause.message}`);
      failed.push(name);
    }
  }
  if (json === true) {
    out(listText(results).trimEnd());
    return failed;
  }
  const missed = results.filter((result) => isMet(result) === false).length;
  if (missed > 0) out(`${missed} ${missed === 1 ? "target" : "targets"} missed.`);
  return failed;
}

const listText = (results: readonly Result[]): string => `${JSON.stringify(toJson(results), null, 2)}\n`;
