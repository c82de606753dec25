import { readFileSync } from "node:fs";
import { createProgram, runProgram } from "@diffucoder/command-line";
import { addAnalyzeCommand } from "./commands/analyze.ts";
import { addAuditCacheCommand } from "./commands/audit-cache.ts";
import { addChatCommand } from "./commands/chat.ts";
import { addDoctorCommand } from "./commands/doctor.ts";
import { addGenerateCommand } from "./commands/generate.ts";
import { addInfillCommand } from "./commands/infill.ts";
import { addLikelihoodCommand } from "./commands/likelihood.ts";
import { addModelsCommand } from "./commands/models.ts";
import { addQuantizeCommand } from "./commands/quantize.ts";
import { addTraceCommand } from "./commands/trace.ts";
import { addEvalCommands } from "./commands/eval.ts";
import { addExportCommand } from "./commands/export.ts";
import type { CommandContext } from "./command-context.ts";

/**
 * Runs the `diffucoder` command.
 *
 * @param args the command line, without node and the script
 * @param lines what `chat` reads. @default nothing
 * @param input what `generate -` reads. @default nothing
 * @returns the exit code, as `runProgram` of `@diffucoder/command-line`; also 1 for a negative answer, such as two traces that differ
 */
export async function runCommand(
  args: readonly string[],
  {
    terminal,
    signal,
    lines = noLines,
    input = noInput,
  }: Pick<CommandContext, "terminal" | "signal"> & Partial<Pick<CommandContext, "lines" | "input">>,
): Promise<number> {
  const program = createProgram("diffucoder", terminal).description("Masked diffusion language models for code");
  program.version(version(), "-v, --version", "print the version").showHelpAfterError("Run it with --help for usage.");
  let exitCode = 0;
  const context: CommandContext = { terminal, signal, lines, input, fail: () => (exitCode = 1) };
  addGenerateCommand(program, context);
  addInfillCommand(program, context);
  addChatCommand(program, context);
  addLikelihoodCommand(program, context);
  addAuditCacheCommand(program, context);
  addTraceCommand(program, context);
  addAnalyzeCommand(program, context);
  addExportCommand(program, context);
  addQuantizeCommand(program, context);
  addModelsCommand(program, context);
  addEvalCommands(program, context);
  addDoctorCommand(program, context);
  const stopped = await runProgram(program, args, { terminal, signal });
  return stopped === 0 ? exitCode : stopped;
}

/** The version of this package; package.json is next to `src` and `dist`. */
function version(): string {
  return (JSON.parse(readFileSync(new URL("../package.json", import.meta.url), "utf8")) as { version: string }).version;
}

async function* noLines(): AsyncGenerator<string> {}

async function noInput(): Promise<Uint8Array> {
  return new Uint8Array();
}
