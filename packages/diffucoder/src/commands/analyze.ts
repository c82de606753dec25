// The command `analyze`: flags in, findings out.
import { showProgress } from "@diffucoder/command-line";
import { parseConfig } from "@diffucoder/core";
import { ANALYSIS_FILE, AnalyzeConfigSchema, type AnalysisResult, clearAnalysis, runAnalysis } from "@diffucoder/recipes";
import type { Command } from "commander";
import { bundledModelDir } from "../bundled-model.ts";
import type { CommandContext } from "../command-context.ts";
import { addSettingFlags, type Flags, readSettings, settingsText } from "./setting-flags.ts";

const TEXTS = ["model", "traces", "output", "compare", "afterRl", "metrics", "against", "dataset", "python", "isolation", "family"];

/** Adds `diffucoder analyze`. */
export function addAnalyzeCommand(program: Command, context: CommandContext): void {
  const { traces, compare, ...settings } = AnalyzeConfigSchema.shape;
  const command = program
    .command("analyze")
    .description("in which order a model writes: AR-ness, entropy sink, order diversity, and which of the paper's findings hold");
  addSettingFlags(command, settings)
    .option("--traces <files...>", traces.description)
    .option("--compare <dirs...>", compare.description)
    .option("--fresh", "start over instead of resuming the analysis in the folder")
    .action((flags: Flags) => analyze(flags, context));
}

async function analyze({ fresh, ...flags }: Flags, { terminal, signal }: CommandContext): Promise<void> {
  const { json } = flags;
  const source = flags.config ?? "analyze settings";
  const given = readSettings(flags, TEXTS);
  const model = given["traces"] === undefined ? { model: bundledModelDir() } : {};
  if (flags.printConfig === true) {
    terminal.out(settingsText(AnalyzeConfigSchema, { flags, texts: TEXTS, defaults: [{ source: "default", data: model }], source }));
    return;
  }
  const config = parseConfig(AnalyzeConfigSchema, { ...model, ...given }, { source });
  if (fresh === true && config.output !== undefined) clearAnalysis({ ...config, output: config.output });
  const onNotice = (notice: string): void => terminal.error(`Note: ${notice}.`);
  const result = await showProgress({ terminal, json }, (onProgress) => runAnalysis({ config, onProgress, onNotice, signal }));
  terminal.out(json === true ? JSON.stringify(result) : findingsText(result));
  if (json !== true && config.output !== undefined) terminal.out(`\n${config.output}: ${ANALYSIS_FILE}, report.html, a folder for each run`);
}

function findingsText({ title, findings }: AnalysisResult): string {
  const measured = findings.filter(({ verdict }) => verdict !== "not measured");
  const open = findings.filter(({ verdict }) => verdict === "not measured");
  return [
    title,
    ...measured.map((finding) => `\n${finding.title}: ${finding.verdict}\n  ${finding.sentences.join("\n  ")}`),
    ...(open.length === 0 ? [] : ["\nNot measured:", ...open.map((finding) => `  ${finding.title}. ${finding.sentences[1]}`)]),
  ].join("\n");
}
