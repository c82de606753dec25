import { existsSync } from "node:fs";
import { join } from "node:path";
import { DiffuCoderError } from "@diffucoder/core";
import type { Check, CheckResult } from "./check.ts";
import { coupledGrpoCheck } from "./coupled-grpo.ts";
import { forwardCheck } from "./forward.ts";
import { generateCardCheck } from "./generate-card.ts";
import { generateCheck } from "./generate.ts";
import { pretrainAdamWCheck } from "./pretrain-adamw.ts";
import { sampleTokensCheck } from "./sample-tokens.ts";
import { scheduleCheck } from "./schedule.ts";
import { trainCheck } from "./train.ts";

/** What a directory of Dream's holds. */
const ofDream: readonly Check[] = [forwardCheck, pretrainAdamWCheck, coupledGrpoCheck, generateCheck, sampleTokensCheck];
/** What a directory of another family holds, and may hold. */
const ofFamilies: readonly Check[] = [forwardCheck, generateCheck];
const optional: readonly Check[] = [generateCardCheck, scheduleCheck, trainCheck];

/**
 * Holds the packages to a directory of golden values, in the form of `golden/dream-f32` or of the small families. A file or
 * checkpoint that cannot be read is a mismatch; the other files are checked all the same.
 */
export async function checkDirectory(directory: string): Promise<CheckResult[]> {
  const has = ({ file }: Check): boolean => existsSync(join(directory, file));
  const isDream = [pretrainAdamWCheck, coupledGrpoCheck, sampleTokensCheck].some(has);
  const checks = isDream ? ofDream : [...ofFamilies, ...optional.filter(has)];
  const results: CheckResult[] = [];
  for (const { file, run } of checks) {
    try {
      results.push({ file, ...(await run(directory)) });
    } catch (error) {
      if (!(error instanceof DiffuCoderError)) throw error;
      results.push({ file, status: "mismatch", largestError: undefined, detail: error.message });
    }
  }
  return results;
}
