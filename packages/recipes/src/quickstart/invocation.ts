// What was typed to start a quickstart, and commands made from it that repeat it or vary one thing.
import { join } from "node:path";

/** What was typed, flag by flag. */
export interface Invocation {
  /** `--config`. */
  config?: string;
  /** `--set`, each. */
  set: readonly string[];
  /** `--output`. */
  output: string;
  /** `--model`. */
  model?: string;
  /** `--from-scratch`. */
  fromScratch?: boolean;
  /** `--reward`, each. */
  reward?: readonly string[];
}

/** The command of a quickstart. A relative path stays relative: `npm start` runs in the root of the repository, as the typed command did. */
export function commandOf({ config, set, output, model, fromScratch = false, reward = [] }: Invocation): string {
  const flags = [
    ...(config === undefined ? [] : ["--config", config]),
    ...(model === undefined ? [] : ["--model", model]),
    ...(fromScratch ? ["--from-scratch"] : []),
    ...reward.flatMap((one) => ["--reward", one]),
    ...set.flatMap((setting) => ["--set", setting]),
    "--output",
    output,
  ];
  return `npm start -- ${flags.map(quoted).join(" ")}`;
}

/** The same run in a folder of its own, so that no run is lost. */
export function againCommand(invocation: Invocation): string {
  return commandOf({ ...invocation, output: sibling(invocation, "again") });
}

/** What to try next, one sentence each, with commands that start from this run's settings. */
export function nextSteps(invocation: Invocation, { seed, maxSteps }: { seed: number; maxSteps: number }): string[] {
  const { output, fromScratch = false } = invocation;
  const { model: _, ...withoutModel } = invocation;
  const withSetting = (key: string, value: number, name: string): string => {
    const set = invocation.set.filter((setting) => !setting.startsWith(`${key}=`));
    return commandOf({ ...invocation, set: [...set, `${key}=${value}`], output: sibling(invocation, name) });
  };
  return [
    `Talk to the trained model in a browser: \`npm run serve -- --model ${quoted(join(output, "model"))}\``,
    `See whether the result holds for another seed: \`${withSetting("seed", seed + 1, `seed-${seed + 1}`)}\``,
    `Train longer: \`${withSetting("training.maxSteps", 4 * maxSteps, "longer")}\``,
    ...(fromScratch
      ? []
      : [
          `Train the base model yourself first: \`${commandOf({ ...withoutModel, fromScratch: true, output: sibling(invocation, "from-scratch") })}\``,
        ]),
  ];
}

/** A folder beside the run's. */
function sibling({ output }: Invocation, name: string): string {
  return `${output.replace(/(?<=.)[\\/]+$/, "")}-${name}`;
}

/** Quoted as one word for a POSIX shell. */
function quoted(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}
