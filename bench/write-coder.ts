// A process of its own that writes a checkpoint and its quantized weights, whose memory goes with it. Arguments: the root folder, the shape and
// the methods.
import { existsSync } from "node:fs";
import type { Quantization } from "@diffucoder/model";
import { loadDiffuCoder } from "diffucoder";
import { coderFolder, type CoderShape, writeCoderCheckpoint } from "./coder-checkpoints.ts";

const [root, shape, ...methods] = process.argv.slice(2) as [string, CoderShape, ...Quantization[]];
const folder = coderFolder(root, shape);
if (!existsSync(folder)) writeCoderCheckpoint(root, shape);
for (const quantize of methods) await (await loadDiffuCoder(folder, { quantize })).close();
