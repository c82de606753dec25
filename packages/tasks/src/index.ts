export { frameOf, isTrainable, type LeftOut, solutionProgram, type Task, type TaskPrompt, type TaskSet, type TrainableTask } from "./task.ts";
export { sliceTasks } from "./task-set.ts";
export type { CallTests, CodeTests, ReferenceTests, RunTests, Tests } from "./tests.ts";
export { programTests, rewardTests, type VisibleTests, visibleTests } from "./visible-tests.ts";
export { DATASET_NAMES, loadTasks, type LoadTasksOptions, loadTrainingTasks, type TrainableTaskSet } from "./load-tasks.ts";
export { DatasetSchema, TaskSelectionSchema, TiersSchema } from "./selection-schema.ts";
export type { SourceContext, TaskSelection } from "./sources/source.ts";
export { BENCHMARK_NAMES, type BenchmarkName } from "./benchmarks/catalogue.ts";
export { type DataFolders, defaultFolders } from "./dataset-file.ts";
export type { TaskLine } from "./task-line.ts";
export { readTaskLines } from "./task-lines.ts";
export { paperTemplate, PROMPT_TEMPLATES, promptMessages, type PromptTemplateName } from "./prompts.ts";
export { printable } from "./printable.ts";
export { type Example, exampleStream, type TinyCodeTask, tinyCodeTasks, type TinyCodeTasksOptions } from "./tiny-code/tasks.ts";
export { completionText } from "./tiny-code/render.ts";
export type { Split } from "./tiny-code/splits.ts";
export { encodeExample } from "./encode-example.ts";
export type { DataRecord, PairRecord, TaskRecord, TextRecord } from "./data-lines/data-line.ts";
export { type DataLine, readDataLines } from "./data-lines/data-lines.ts";
export { encodePair, readTrainingRecords, type TrainingRecords } from "./data-lines/training-records.ts";
export { packRows } from "./data-lines/pack-rows.ts";
export { FAMILY_NAMES } from "./tiny-code/full/families.ts";
export { type Style } from "./tiny-code/full/family.ts";
export { type FullSplit, TEST_SETS } from "./tiny-code/full/places.ts";
export type { FullSelection } from "./tiny-code/full/selection.ts";
export { type Phrasing } from "./tiny-code/full/text.ts";
export {
  fullExampleStream,
  type FullExampleStreamOptions,
  type FullTextOptions,
  type FullTinyCodeTask,
  fullTinyCodeTasks,
  type FullTinyCodeTasksOptions,
} from "./tiny-code/full/tasks.ts";
export { GRAM_WORDS, WordGrams } from "./contamination/word-grams.ts";
export { benchmarkGrams } from "./contamination/benchmark-grams.ts";
export { type FamilyFigures, familyFigures, nearMissFigures, type TextFigures, textFigures } from "./tiny-code/full/card.ts";
