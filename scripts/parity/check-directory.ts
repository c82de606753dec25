import { DiffuCoderError } from "@diffucoder/core";
import type { Check, CheckResult } from "./check.ts";
import { coupledGrpoCheck } from "./coupled-grpo.ts";
import { forwardCheck } from "./forward.ts";
import { generateCheck } from "./generate.ts";
import { pretrainAdamWCheck } from "./pretrain-adamw.ts";
import { sampleTokensCheck } from "./sample-tokens.ts";

const checks: readonly Check[] = [forwardCheck, pretrainAdamWCheck, coupledGrpoCheck, generateCheck, sampleTokensCheck];

/**
 * Holds the packages to a directory of golden values, in the form of `golden/dream-f32`. A file or checkpoint that
 * cannot be read is a mismatch; the other files are checked all the same.
 */
export async function checkDirectory(directory: string): Promise<CheckResult[]> {
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
