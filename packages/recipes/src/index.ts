export { type EvalConfig, EvalConfigSchema } from "./evaluation/eval-config.ts";
export { type EvaluationSettings, EvaluationSettingsSchema } from "./evaluation/evaluation-settings.ts";
export { type BesideTheCard, besideTheCard, besideTheCardText, cardSettings } from "./evaluation/beside-the-card.ts";
export { runEval, type RunEvalOptions } from "./evaluation/run-eval.ts";
export { type AnalyzeConfig, AnalyzeConfigSchema, type Conventions } from "./analysis/analyze-config.ts";
export { ANALYSIS_FILE, type AnalysisResult, clearAnalysis, runAnalysis, type RunAnalysisOptions } from "./analysis/run-analysis.ts";
export { clearEvaluation, RESULT_FILE } from "./evaluation/write-outputs.ts";
export { type Rescored, rescore, type RescoreOptions } from "./evaluation/rescore.ts";
export { type ProgramReward, scoreLine, type ScoreLineOptions } from "./score/score.ts";
export { readScoreLines } from "./score/score-lines.ts";
export { loadRewardModule, type RewardModule, type RewardModuleOptions } from "./training/reward-module.ts";
export { parseRewardFlag, type RewardSettings, RewardSettingsSchema } from "./training/reward-settings.ts";
export { CHECKPOINT_FILE, keepCheckpoint, type KeepCheckpointOptions, removeKeptCheckpoints } from "./training/kept-checkpoints.ts";
export { type CoupledGrpoCommandOptions, type CoupledGrpoRecipe, CoupledGrpoRecipeSchema, runCoupledGrpo } from "./training/coupled-grpo.ts";
export { type EvaluateRecipe, EvaluateRecipeSchema } from "./training/evaluate-settings.ts";
export { type DiffusionModel, loadDiffusionModel, loadPolicyModel, type LoadDiffusionModelOptions } from "./training/load-diffusion-model.ts";
export { type PretrainCommandOptions, type PretrainRecipe, PretrainRecipeSchema, runPretrain } from "./training/pretrain.ts";
export { type LaterStageOptions, runLaterStage } from "./training/later-stages.ts";
export { planCoupledGrpoRecipe, type PlannedRecipe, planStageRecipe } from "./plan/plan-recipe.ts";
export type { TrainingPlan } from "./plan/training-plan.ts";
export { mergeIntoModel, type MergeOptions } from "./training/merge-adapter.ts";
export { type StageRecipe, StageRecipeSchema } from "./training/stage-recipe.ts";
export type { StageCommand } from "./training/starting-model.ts";
export type { Invocation } from "./quickstart/invocation.ts";
export { type QuickstartRecipe, QuickstartRecipeSchema } from "./quickstart/quickstart-recipe.ts";
export { clearQuickstart, finishedQuickstart, type QuickstartOptions, type QuickstartOutcome, runQuickstart } from "./quickstart/quickstart.ts";
export { type ArmCost, planCosts } from "./experiment/plan-costs.ts";
export {
  type ExperimentArm,
  type ExperimentComparison,
  type ExperimentPlan,
  ExperimentPlanSchema,
  type ReadPlan,
  readPlan,
  type RecipeOverrides,
} from "./experiment/plan.ts";
export type { Machine } from "./experiment/machine.ts";
export { type EvaluationRecord, type ExperimentRecord, ExperimentRecordSchema } from "./experiment/record.ts";
export { type ExperimentOutcome, runExperiment, type RunExperimentOptions } from "./experiment/run-experiment.ts";
export { writeExperiments, type WriteExperimentsOptions, type WrittenReport } from "./experiment/write-experiments.ts";
export { paperRecipe, recipeFile, type RecipeName } from "./recipe-file.ts";
export { type DifficultyConfig, type ProcessDataConfig, ProcessDataConfigSchema } from "./process-data/process-data-config.ts";
export { type Difficulty, filterByDifficulty, type JudgedTask, percentileOf } from "./process-data/difficulty.ts";
export { type LeftOutLine, type Reason } from "./process-data/line-filter.ts";
export { processData, type ProcessDataOptions, type ProcessDataReport, PROCESSED } from "./process-data/process-data.ts";
export { type ContentFiles, servedFiles, sharedFiles } from "./queue/content-files.ts";
export { doWork, type DoWorkOptions } from "./queue/do-work.ts";
export { type RunCard, RunCardSchema } from "./queue/messages.ts";
export { type QueueOptions } from "./queue/announced-run.ts";
export { queueStatus, type QueueStatus, type RunStatus } from "./queue/queue-status.ts";
export { type DoWork, runWorker, type WorkerOptions } from "./queue/worker.ts";
