// A process of its own for the peak memory of a training step: a few steps of the named model in the named precision, then the
// bytes on stdout.
import type { Precision } from "@diffucoder/tensor";
import { makeModel, type ModelName } from "./models.ts";
import { trainingStep } from "./training-step.ts";

const [name, precision] = process.argv.slice(2) as [ModelName, Precision];
const step = await trainingStep(makeModel(name), { precision });
for (let i = 0; i < 3; i++) await step.run();
process.stdout.write(`${1024 * process.resourceUsage().maxRSS}`);
