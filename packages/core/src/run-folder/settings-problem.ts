import { changedSettings } from "../changed-settings.ts";

/** How many settings a sentence names. */
const NAMED = 5;

/**
 * Why a run cannot resume with the settings it is given now: `belongs to a run with other settings: seed was 0, is 1`. Nothing if they are
 * the same, or if only the number of steps was raised.
 *
 * @param before settings that the run was started with, plain JSON
 * @param now settings to resume with
 * @param stepsKey path of the number of steps, e.g. `"training.maxSteps"`. @default none may be raised
 */
export function settingsProblem(before: object, now: object, stepsKey?: string): string | undefined {
  const changed = changedSettings(before, now);
  if (changed.length === 0) return undefined;
  const [steps, wanted] = [stepsOf(before, stepsKey), stepsOf(now, stepsKey)];
  if (changed.length === 1 && wanted > steps) return undefined;
  const named = [...changed.slice(0, NAMED), ...(changed.length > NAMED ? [`and ${changed.length - NAMED} more`] : [])].join("; ");
  return `belongs to a run with other settings: ${named}${wanted < steps ? " (a run can be made longer, not shorter)" : ""}`;
}

/** The number of steps at a path; not a number if there is none. */
export function stepsOf(settings: object, stepsKey: string | undefined): number {
  const value = stepsKey?.split(".").reduce<unknown>((inner, key) => (inner as Record<string, unknown> | undefined)?.[key], settings);
  return typeof value === "number" ? value : Number.NaN;
}
