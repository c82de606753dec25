import { coupledGrpoStepSuite } from "./coupled-grpo-step.ts";
import { denoiseSuite } from "./denoise.ts";
import { evalCanonicalSuite } from "./eval-canonical.ts";
import { forwardSuite } from "./forward.ts";
import { javascriptOverheadSuite } from "./javascript-overhead.ts";
import { quantizedLayerSuite } from "./quantized-layer.ts";
import { samplersSuite } from "./samplers.ts";
import { sandboxSuite } from "./sandbox.ts";
import type { Suite } from "./suite.ts";
import { trainStepSuite } from "./train-step.ts";

export const suites: Readonly<Record<string, Suite>> = {
  "train-step": trainStepSuite,
  "javascript-overhead": javascriptOverheadSuite,
  forward: forwardSuite,
  denoise: denoiseSuite,
  "quantized-layer": quantizedLayerSuite,
  samplers: samplersSuite,
  sandbox: sandboxSuite,
  "eval-canonical": evalCanonicalSuite,
  "coupled-grpo-step": coupledGrpoStepSuite,
};

/** Suites that take minutes and do not run with the others. */
export const onlyByName: ReadonlySet<string> = new Set(["eval-canonical"]);
