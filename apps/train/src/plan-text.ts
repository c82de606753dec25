import type { PlannedRecipe } from "@diffucoder/recipes";

/** A plan for a person. */
export function planText(plan: PlannedRecipe): string {
  const { parameters, trained, steps, tokens, memory, operations, machineMemory, operationsPerSecond, seconds } = plan;
  const parts = Object.entries(memory).filter(([, bytes]) => bytes > 0);
  const total = parts.reduce((sum, [, bytes]) => sum + bytes, 0);
  const fits = total < machineMemory ? "this machine has" : "more than this machine has:";
  return [
    `Parameters  ${count(parameters)}${trained === parameters ? "" : `, of which ${count(trained)} in the adapter are trained`}`,
    `Tokens      ${count(tokens)} through the network in ${steps.toLocaleString("en")} steps`,
    `Memory      about ${size(total)}: ${parts.map(([name, bytes]) => `${name} ${size(bytes)}`).join(", ")}; ${fits} ${size(machineMemory)}`,
    `Work        ${operations.toExponential(1)} floating-point operations`,
    `Time        at least ${duration(seconds)} here, where matrix products reach ${(operationsPerSecond / 1e9).toFixed(0)} billion operations a second`,
  ].join("\n");
}

const UNITS = [
  [1e12, " trillion"],
  [1e9, " billion"],
  [1e6, " million"],
  [1e3, " thousand"],
] as const;

function count(value: number): string {
  const [unit, name] = UNITS.find(([least]) => value >= least) ?? [1, ""];
  return `${Number((value / unit).toPrecision(3))}${name}`;
}

function size(bytes: number): string {
  return bytes < 1e9 ? `${(bytes / 1e6).toPrecision(3)} MB` : `${(bytes / 1e9).toPrecision(3)} GB`;
}

const LENGTHS = [
  [365.25 * 86_400, "years"],
  [86_400, "days"],
  [3600, "hours"],
  [60, "minutes"],
  [1, "seconds"],
] as const;

function duration(seconds: number): string {
  const [length, name] = LENGTHS.find(([least]) => seconds >= 2 * least) ?? [1, "seconds"];
  return `${Number((seconds / length).toPrecision(2))} ${name}`;
}
