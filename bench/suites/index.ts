import { forwardSuite } from "./forward.ts";
import { quickstartSuite } from "./quickstart.ts";
import { sandboxSuite } from "./sandbox.ts";
import type { Suite } from "./suite.ts";
import { trainStepSuite } from "./train-step.ts";

export const suites: Readonly<Record<string, Suite>> = {
  "train-step": trainStepSuite,
  forward: forwardSuite,
  sandbox: sandboxSuite,
  quickstart: quickstartSuite,
};
