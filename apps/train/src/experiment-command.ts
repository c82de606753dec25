// `train experiment`: the runs of a plan and their records, or what they would cost.
import { showProgress, type Terminal } from "@diffucoder/command-line";
import { InvalidArgumentError } from "@diffucoder/core";
import { type ArmCost, type ExperimentPlan, planCosts, readPlan, runExperiment } from "@diffucoder/recipes";
import { bundledModelDir } from "diffucoder";
import type { Command } from "commander";
import { PYTHON, withSandbox } from "./sandbox.ts";

interface ExperimentFlags {
  only?: string[];
  seeds?: number[];
  output: string;
  python?: string;
  printPlan?: boolean;
  json?: boolean;
}

/** Adds `experiment` to the program. */
export function addExperimentCommand(program: Command, context: { terminal: Terminal; signal: AbortSignal }): void {
  program
    .command("experiment")
    .description("runs the arms of a pre-registered plan with its seeds and records them (docs/experiments)")
    .argument("<dir>", "folder of the experiment, with plan.json; records go there")
    .option("--only <arm...>", "arms to run (default: all)")
    .option("--seeds <n...>", "seeds to run (default: all)", (value: string, before: number[] | undefined) => [...(before ?? []), seedOf(value)])
    .option("--output <dir>", "folder of the runs", "runs/experiments")
    .option("--python <path>", PYTHON)
    .option("--print-plan", "print what each arm would put through the network, then exit")
    .option("--json", "print the result as JSON, and progress as JSON lines")
    .allowExcessArguments(false)
    .action((folder: string, flags: ExperimentFlags) => experiment(folder, flags, context));
}

function seedOf(value: string): number {
  if (!/^\d+$/.test(value)) throw new InvalidArgumentError({ argument: "--seeds", value, expected: "non-negative integers" });
  return Number(value);
}

async function experiment(folder: string, flags: ExperimentFlags, { terminal, signal }: { terminal: Terminal; signal: AbortSignal }): Promise<void> {
  const { only, seeds, output, json } = flags;
  const defaultModel = bundledModelDir();
  const read = readPlan(folder);
  if (flags.printPlan === true) {
    const costs = await planCosts(read, { defaultModel });
    terminal.out(json === true ? JSON.stringify(costs) : costTable(read.plan, costs));
    return;
  }
  const onNote = (note: string): void => terminal.error(note);
  const now = (): string => new Date().toISOString();
  const outcome = await withSandbox(flags, terminal, (sandbox) =>
    showProgress({ terminal, json }, (onProgress) =>
      runExperiment({ folder, only, seeds, output, defaultModel, sandbox, now, signal, onProgress, onNote }),
    ),
  );
  const { written, found } = outcome;
  const text = `${written.length} of ${written.length + found.length} runs were done now. Records: ${folder}/records. \`npm run report\` shows them.`;
  terminal.out(json === true ? JSON.stringify(outcome) : text);
}

/** Costs as text: a line for each arm. */
function costTable({ seeds, evaluations, arms }: ExperimentPlan, costs: readonly ArmCost[]): string {
  const number = (value: number): string => value.toLocaleString("en");
  const rows = costs.map(({ arm, steps, perStep: { rollouts, estimates, updates }, networkTokens, share }) => [
    arm,
    number(steps),
    number(rollouts),
    number(estimates),
    number(updates),
    number(networkTokens),
    share === null ? "-" : `${(share * 100).toFixed(1)} %`,
  ]);
  const all = [["arm", "steps", "rollouts", "estimates", "updates", "all steps", "of the mean"], ...rows];
  const widths = all[0]!.map((_, column) => Math.max(...all.map((row) => row[column]!.length)));
  const line = (row: readonly string[]): string =>
    row.map((cell, column) => (column === 0 ? cell.padEnd(widths[column]!) : cell.padStart(widths[column]!))).join("  ");
  return [
    `${Object.keys(arms).length} arms x ${seeds.length} seeds (${seeds.join(", ")}); evaluations: ${Object.keys(evaluations).join(", ")}`,
    "Tokens that go forward through the network in a step, and in all steps of a run; rollouts as if none ended early and nothing were cached:",
    ...all.map(line),
  ].join("\n");
}
