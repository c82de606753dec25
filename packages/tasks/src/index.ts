export {
  CodeTaskRecordSchema,
  type CodeTaskRecord,
  CodeTaskSchema,
  type CodeTask,
  type Example,
  exampleStream,
  tinyCodeTasks,
  type TinyCodeTasksOptions,
} from "./tiny-code/tasks.ts";
export { readTasks } from "./tiny-code/read-tasks.ts";
export { completionText, drawRendering, renderPrompt, renderSolution, type Rendering, type CodeStyle } from "./tiny-code/render.ts";
export { placedPipelines, type PlacedPipeline, type Split, splitOf } from "./tiny-code/splits.ts";
export { behaviourOf, keyOf, type Pipeline, probes, runPipeline, skeletonOf } from "./tiny-code/pipeline.ts";
export { operations, type Operation, type Slot } from "./tiny-code/operations.ts";
export { makeTests, nearMisses, type TestCase } from "./tiny-code/test-cases.ts";
export { encodeExample } from "./encode-example.ts";
