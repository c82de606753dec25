import { type ModelFolder, resolveSettings } from "@diffucoder/engine";
import { DecodingOptionsSchema } from "@diffucoder/samplers";
import type { EvaluationSettings } from "./evaluation-settings.ts";
import type { Decoding } from "./model-answers.ts";
import type { SweepPoint } from "./sweep.ts";

const NAMES = Object.keys(DecodingOptionsSchema.shape).filter((name) => name !== "seed" && name !== "temperature");

/** The decoding options among settings, in one run of their sweep; the model supplies the rest. */
export function decodingOf(settings: EvaluationSettings, point: SweepPoint): Decoding {
  const given = Object.fromEntries(Object.entries(settings).filter(([name, value]) => NAMES.includes(name) && value !== undefined));
  return { ...given, maxNewTokens: settings.maxNewTokens, ...point };
}

/** What samples are drawn with, including the model's own settings, in the form of a result. */
export function samplerRecord(
  settings: EvaluationSettings,
  point: SweepPoint,
  { model, holes }: { model: ModelFolder; holes: boolean },
): Record<string, unknown> {
  const { maxNewTokens = model.defaults.maxNewTokens, ...given } = decodingOf(settings, point);
  const { masks } = settings;
  const { temperature } = point;
  if (holes && masks === "oracle") return { ...given, alg: given.alg ?? model.defaults.alg, steps: given.steps ?? "in proportion to masks", masks };
  if (holes) {
    const { alg, steps, topP } = resolveSettings({ ...given, maxNewTokens: masks as number }, model);
    return { ...given, alg, steps, masks, temperature, topP };
  }
  const { alg, steps, topP } = resolveSettings({ ...given, maxNewTokens }, model);
  return { ...given, alg, steps, maxNewTokens, temperature, topP };
}
