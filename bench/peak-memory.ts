// A process of its own for the peak memory of a training step: a few steps of the named model, then the bytes on stdout.
import { makeModel, type ModelName } from "./models.ts";
import { trainingStep } from "./training-step.ts";

const step = trainingStep(makeModel(process.argv[2] as ModelName));
for (let i = 0; i < 3; i++) await step.run();
process.stdout.write(`${1024 * process.resourceUsage().maxRSS}`);
