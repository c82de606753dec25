export type { Isolation } from "./isolation.ts";
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
export { createSandbox, type Job, type JobResult, type Outcome, type OutcomeStatus, type Sandbox, type SandboxOptions } from "./sandbox.ts";
export { pythonSource, sameValue } from "./values.ts";
