import { modelNames } from "../models.ts";
import { constraintsSuite } from "./constraints.ts";
import { coupledGrpoStepSuite } from "./coupled-grpo-step.ts";
import { denoiseSuite } from "./denoise.ts";
import { engineSuite } from "./engine.ts";
import { grpoSuite } from "./grpo.ts";
import { estimatorsSuite } from "./estimators.ts";
import { evalCanonicalSuite } from "./eval-canonical.ts";
import { forwardSuite } from "./forward.ts";
import { javascriptOverheadSuite } from "./javascript-overhead.ts";
import { kernelsSuite } from "./kernels.ts";
import { loadingSuite } from "./loading.ts";
import { paretoSuite } from "./pareto.ts";
import { projectionsSuite } from "./projections.ts";
import { publishedModelSuite } from "./published-model.ts";
import { quantizedLayerSuite } from "./quantized-layer.ts";
import { queueSuite } from "./queue.ts";
import { samplersSuite } from "./samplers.ts";
import { sandboxSuite } from "./sandbox.ts";
import { speculationSuite } from "./speculation.ts";
import type { Suite } from "./suite.ts";
import { serveSuite } from "./serve.ts";
import { smallCodersSuite } from "./small-coders.ts";
import { tokenizerSuite } from "./tokenizer.ts";
import { trainStepSuite } from "./train-step.ts";
import { webGpuSuite } from "./webgpu.ts";

export const suites: Readonly<Record<string, Suite>> = {
  "train-step": trainStepSuite(modelNames),
  "train-step-160M": trainStepSuite(["160M"]),
  engine: engineSuite,
  "javascript-overhead": javascriptOverheadSuite,
  forward: forwardSuite,
  projections: projectionsSuite,
  denoise: denoiseSuite,
  pareto: paretoSuite,
  "quantized-layer": quantizedLayerSuite,
  kernels: kernelsSuite,
  samplers: samplersSuite,
  constraints: constraintsSuite,
  sandbox: sandboxSuite,
  "eval-canonical": evalCanonicalSuite("eval-canonical"),
  "eval-infilling": evalCanonicalSuite("eval-infilling"),
  "eval-bigcodebench": evalCanonicalSuite("eval-bigcodebench"),
  "coupled-grpo-step": coupledGrpoStepSuite,
  grpo: grpoSuite,
  queue: queueSuite,
  estimators: estimatorsSuite,
  tokenizer: tokenizerSuite,
  loading: loadingSuite,
  "published-7B": publishedModelSuite,
  "small-coders": smallCodersSuite,
  serve: serveSuite,
  speculation: speculationSuite,
  webgpu: webGpuSuite,
};

/** Suites that take minutes and do not run with the others. */
export const onlyByName: ReadonlySet<string> = new Set([
  "serve",
  "eval-canonical",
  "eval-infilling",
  "eval-bigcodebench",
  "pareto",
  "train-step-160M",
  "published-7B",
  "small-coders",
  "speculation",
  "estimators",
  "grpo",
  "queue",
  "webgpu",
]);
