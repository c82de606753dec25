export { evalPlusSame, pythonEqual, sameValue } from "./equality.ts";
export type {
  Failure,
  FunctionJob,
  Language,
  Limits,
  Outcome,
  OutcomeResult,
  ProgramJob,
  RunOptions,
  TestJob,
  TestResult,
  TestVerdict,
  Trust,
  VerdictName,
} from "./jobs.ts";
export type { Isolation, LocalLevel } from "./launch.ts";
export {
  combineRewards,
  type CodeTask,
  DEFAULT_WEIGHTS,
  extractCode,
  type RewardWeights,
  type Score,
  scoreCompletions,
  type Verdict,
} from "./rewards.ts";
export { createSandbox, type Sandbox, type SandboxOptions } from "./sandbox.ts";
export { pythonSource } from "./values.ts";
