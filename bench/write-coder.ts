// A process of its own that writes a checkpoint, whose memory goes with it. Arguments: the root folder, the shape and the method.
import type { Quantization } from "@diffucoder/model";
import { type CoderShape, writeCoderCheckpoint } from "./coder-checkpoints.ts";

const [root, shape, method] = process.argv.slice(2) as [string, CoderShape, Quantization];
await writeCoderCheckpoint(root, shape, method);
