export { evalPlusSame, pythonEqual, sameOutput, sameValue } from "./equality.ts";
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
export type { LocalLevel } from "./local/launch.ts";
export type { PythonInfo } from "./local/own-python.ts";
export type { Answer, Isolation, IsolationLevel, Job, Provider, Worker } from "./provider.ts";
export { type E2bOptions, e2bProvider } from "./remote/e2b.ts";
export { type PistonOptions, pistonProvider } from "./remote/piston.ts";
export { extractCode, type RewardMode } from "./rewards/form.ts";
export { REWARD_FUNCTIONS, type RewardFunction, type RewardMaker, type RewardSample } from "./rewards/reward-functions.ts";
export { combineRewards, DEFAULT_REWARD, type RewardTerm, type Score, scoreCompletions, type ScoreOptions } from "./rewards/score-completions.ts";
export { endAlike, type ProgramTests, type TestedProgram, testProgram, type TestProgramOptions, type Verdict } from "./rewards/test-program.ts";
export { createSandbox, type Sandbox, type SandboxOptions } from "./sandbox.ts";
export { parsePythonJson, parsePythonRecord } from "./python-json.ts";
export { isFunctionName } from "./check-arguments.ts";
export { pythonSource, type PythonValue } from "./values.ts";
