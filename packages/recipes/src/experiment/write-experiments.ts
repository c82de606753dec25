// `npm run report`: pages of all experiments, rebuilt from what lies in their folders.
import { existsSync, readdirSync } from "node:fs";
import { basename, join, relative } from "node:path";
import { FileError, readText, writeFileAtomic } from "@diffucoder/core";
import { type ExperimentReportData, experimentReport, experimentsIndex } from "@diffucoder/report";
import { analyzeExperiment } from "./analyze-experiment.ts";
import { PLAN_FILE, readPlan } from "./plan.ts";
import { checkPlanLock } from "./plan-lock.ts";
import { type ExperimentRecord, planHash, readRecords, recordPath } from "./record.ts";
import { RECORD_PAGES } from "./record-pages/index.ts";

/** What `writeExperiments` reads and writes. */
export interface WriteExperimentsOptions {
  /** Folder of the experiments, each a folder with `plan.json`. */
  folder: string;
  /** Folder of the pages. */
  output: string;
}

/** A report that was written. */
export interface WrittenReport {
  /** Path of its first page. */
  index: string;
  /** The experiments, by name. */
  experiments: {
    /** The experiment's folder. */
    name: string;
    /** Its runs that are recorded. */
    recorded: number;
    /** Runs that its plan asks for. */
    planned: number;
  }[];
}

/**
 * Writes `index.html` and a page for each experiment.
 *
 * @throws {FileError} if the folder is missing, a record is damaged or of another plan, or two records were evaluated on different tasks
 * @throws {ConfigError} naming what is wrong with a plan or a record
 */
export function writeExperiments({ folder, output }: WriteExperimentsOptions): WrittenReport {
  const all = experimentFolders(folder).map((path) => ({ path, ...reportOf(path) })); // before anything is written
  for (const { path, data, pages } of all) {
    for (const { file, markup } of pages) writeFileAtomic(join(output, basename(path), file), markup);
    writeFileAtomic(join(output, data.name, "index.html"), experimentReport(data));
  }
  const index = join(output, "index.html");
  writeFileAtomic(index, experimentsIndex(all.map(({ data }) => data)));
  const experiments = all.map(({ data: { name, arms, plannedSeeds } }) => ({
    name,
    recorded: arms.reduce((sum, { seeds }) => sum + seeds.length, 0),
    planned: arms.length * plannedSeeds.length,
  }));
  return { index, experiments };
}

function experimentFolders(folder: string): string[] {
  if (!existsSync(folder))
    throw new FileError({ path: folder, problem: "no such folder", wayOut: "Give the folder of experiments with --experiments." });
  return readdirSync(folder, { withFileTypes: true })
    .filter((entry) => entry.isDirectory() && existsSync(join(folder, entry.name, PLAN_FILE)))
    .map(({ name }) => join(folder, name))
    .toSorted();
}

function reportOf(folder: string): { data: ExperimentReportData; pages: { file: string; markup: string }[] } {
  const read = readPlan(folder);
  checkPlanLock(folder, read);
  const { plan, written } = read;
  const records = readRecords(folder, planHash(written)).filter(({ arm, seed }) => plan.arms[arm] !== undefined && plan.seeds.includes(seed));
  checkSameTasks(folder, records);
  const { arms, comparisons } = analyzeExperiment(plan, records);
  const readme = join(folder, "README.md");
  const pages = otherPages(folder);
  const dates = records.map(({ date }) => date.slice(0, 10)).toSorted();
  const data = {
    name: basename(folder),
    registration: existsSync(readme) ? readText(readme) : "Nothing was put down: README.md is missing.",
    plannedSeeds: plan.seeds,
    arms: arms.map((result) => ({ ...result, note: plan.arms[result.arm]!.note })),
    comparisons,
    curves: curvesOf(records, Object.keys(plan.arms)),
    dates: dates.length === 0 ? undefined : ([dates[0]!, dates.at(-1)!] as const),
    machines: unique(records.map(({ machine: { processor, cores, node } }) => `${cores} x ${processor}, Node ${node}`)),
    commits: unique(records.flatMap(({ commit }) => commit ?? [])),
    commands: [`npm run train -- experiment ${relative(".", folder)}`, "npm run report"],
    pages: pages.map(({ title, file }) => ({ title, href: file })),
  };
  return { data, pages };
}

function otherPages(folder: string): { file: string; title: string; markup: string }[] {
  return RECORD_PAGES.filter(({ file }) => existsSync(join(folder, file))).map(({ file, title, page }) => {
    const path = join(folder, file);
    return { file: file.replace(/\.json$/, ".html"), title, markup: page(readJson(path), path) };
  });
}

function readJson(path: string): unknown {
  try {
    return JSON.parse(readText(path));
  } catch (cause) {
    if (cause instanceof FileError) throw cause;
    throw new FileError({ path, problem: `not valid JSON (${(cause as Error).message})`, cause });
  }
}

/** Rates of different tasks cannot be compared. */
function checkSameTasks(folder: string, records: readonly ExperimentRecord[]): void {
  const first = new Map<string, ExperimentRecord>();
  for (const record of records) {
    for (const [name, { tasksSha256 }] of Object.entries(record.evaluations)) {
      const other = first.get(name);
      if (other === undefined) first.set(name, record);
      else if (other.evaluations[name]!.tasksSha256 !== tasksSha256)
        throw new FileError({
          path: recordPath(folder, record),
          problem: `was evaluated on other tasks in ${name} than ${basename(recordPath(folder, other))}`,
          wayOut: "Remove one of them and run the experiment again.",
        });
    }
  }
}

/** The curves of all figures, arm by arm. */
function curvesOf(records: readonly ExperimentRecord[], arms: readonly string[]): ExperimentReportData["curves"] {
  const figures = unique(records.flatMap(({ curve }) => Object.keys(curve)));
  return figures.map((figure) => ({
    figure,
    arms: arms.flatMap((arm) => {
      const runs = records.flatMap((record) => (record.arm === arm && record.curve[figure] !== undefined ? [record.curve[figure]] : []));
      return runs.length === 0 ? [] : [{ arm, runs }];
    }),
  }));
}

function unique<T>(values: readonly T[]): T[] {
  return [...new Set(values)];
}
