// The runs of an evaluation: one for each combination of the settings of which several are given.
import type { EvaluationSettings } from "./evaluation-settings.ts";

/** What differs from run to run. */
export interface SweepPoint {
  /** Of the tokens. */
  temperature: number;
  /** @default the settings' model's */
  steps?: number;
  /** @default the settings' model's */
  threshold?: number;
}

/** A run of a sweep. */
export interface SweepRun {
  point: SweepPoint;
  /** How it differs from the others. */
  label: string;
  /** What it shares with the runs that differ in parallelism only. */
  method: string;
  /** The middle of its file's name. */
  fileName: string;
}

export function sweepOf({ temperature, steps, threshold }: Pick<EvaluationSettings, "temperature" | "steps" | "threshold">): SweepRun[] {
  const values = <Name extends string>(name: Name, given: number | number[] | undefined) =>
    given === undefined
      ? [{ set: {}, name: "" }]
      : [given].flat().map((value) => ({ set: { [name]: value }, name: Array.isArray(given) ? `${name} ${value}` : "" }));
  return [temperature].flat().flatMap((degree) =>
    values("threshold", threshold).flatMap((sure) =>
      values("steps", steps).map((count): SweepRun => {
        const method = `temperature ${degree}`;
        const differing = [sure.name, count.name].filter((name) => name !== "");
        const fileName = [String(degree), ...differing].join("-").replaceAll(" ", "-");
        return { point: { temperature: degree, ...sure.set, ...count.set }, label: [method, ...differing].join(", "), method, fileName };
      }),
    ),
  );
}
