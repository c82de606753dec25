import { readText } from "@diffucoder/core";
import { type DenoiseTrace, diffTraces, parseTrace, replayTrace } from "@diffucoder/samplers";
import { Tokenizer } from "@diffucoder/tokenizer";
import type { Command } from "commander";
import { bundledModelDir } from "../bundled-model.ts";
import type { CommandContext } from "../command-context.ts";
import { modelFolder } from "@diffucoder/engine";

interface TraceFlags {
  model?: string;
  json?: boolean;
}

/** Adds `diffucoder trace`. */
export function addTraceCommand(program: Command, context: CommandContext): void {
  program
    .command("trace")
    .description("shows a trace that --trace wrote, or where two of them diverge")
    .argument("<file>", "trace, as JSON lines")
    .argument("[other]", "a second one to compare; exit code 1 if they differ")
    .option("--model <dir-or-repo>", "model whose tokens they are (default: the small model that comes with the package)")
    .option("--json", "print as JSON")
    .allowExcessArguments(false)
    .action((file: string, other: string | undefined, flags: TraceFlags) => trace([file, other], flags, context));
}

async function trace(
  [file, other]: [string, string | undefined],
  { model, json }: TraceFlags,
  { terminal, signal, fail }: CommandContext,
): Promise<void> {
  const first = parseTrace(readText(file), file);
  const second = other === undefined ? undefined : parseTrace(readText(other), other);
  const tokenizer = Tokenizer.fromFolder(await modelFolder(model ?? bundledModelDir(), { signal }));
  const text = (ids: readonly (number | undefined)[]): string[] =>
    ids.map((id) =>
      id === undefined ? "nothing" : id === first.maskTokenId ? "a mask" : JSON.stringify(tokenizer.decode([id], { skipSpecial: false })),
    );
  if (second === undefined) {
    terminal.out(json === true ? JSON.stringify(summarize(first, tokenizer)) : table(first, tokenizer, text));
    return;
  }
  const difference = diffTraces(first, second);
  if (difference !== undefined) fail();
  if (json === true) terminal.out(JSON.stringify(difference ?? null));
  else if (difference === undefined) terminal.out("The rows are the same before the first step and after every step.");
  else {
    const [ours, theirs] = difference.tokens.map(text) as [string[], string[]];
    const lines = difference.columns.map((column, i) => `  column ${column}: ${ours[i]} and ${theirs[i]}`);
    const where = difference.step < 0 ? "before the first step" : `after entry ${difference.step}`;
    terminal.out([`The rows diverge ${where}:`, ...lines].join("\n"));
  }
}

interface TraceSummary {
  given: number;
  masks: number;
  steps: number;
  forwardPasses: number;
  tokensPerPass: number;
  /** The row at the end, special tokens included. */
  text: string;
}

function summarize(run: DenoiseTrace, tokenizer: Tokenizer): TraceSummary {
  const { initialIds, maskTokenId, steps } = run;
  const masks = initialIds.filter((id) => id === maskTokenId).length;
  const forwardPasses = steps.at(-1)?.forwardPasses ?? 0;
  const committed = steps.reduce((total, { positions }) => total + positions.length, 0);
  const row = replayTrace(run).at(-1) ?? initialIds;
  return {
    given: initialIds.length - masks,
    masks,
    steps: steps.length,
    forwardPasses,
    tokensPerPass: forwardPasses === 0 ? 0 : committed / forwardPasses,
    text: tokenizer.decode(row, { skipSpecial: false }),
  };
}

function table(run: DenoiseTrace, tokenizer: Tokenizer, text: (ids: readonly number[]) => string[]): string {
  const { given, masks, steps, forwardPasses, tokensPerPass, text: final } = summarize(run, tokenizer);
  const lines = run.steps.map(({ step, positions, tokens, filled, remasked, expanded, deleted }) => {
    const committed = text(tokens).map((token, i) => `${positions[i]} ${token}`);
    const others = Object.entries({ filled, remasked, expanded, deleted }).filter(([, columns]) => columns !== undefined && columns.length > 0);
    return [`${String(step).padStart(4)}  ${committed.join(", ")}`, ...others.map(([what, columns]) => `      ${what}: ${columns?.join(", ")}`)].join(
      "\n",
    );
  });
  const head = `${given} tokens given, ${masks} masks; ${steps} steps, ${forwardPasses} forward passes, ${tokensPerPass.toFixed(2)} tokens a pass`;
  return [head, "step  columns and the tokens that were committed there, surest first", ...lines, "", final].join("\n");
}
