// A checkpoint with its matrices in 8 or 4 bits, which loads without being quantized again:
//   quantize-checkpoint FOLDER int8|int4 OUTPUT_FOLDER
import { copyFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { loadModel, type Quantization, saveModel } from "@diffucoder/model";

const [folder, method, output] = process.argv.slice(2);
if (folder === undefined || method === undefined || output === undefined)
  throw new Error("usage: quantize-checkpoint FOLDER int8|int4 OUTPUT_FOLDER");

saveModel(output, await loadModel(folder, { quantize: method as Quantization }));
// The tokenizer and the generation config; saveModel has written the weights and config.json.
const isBeside = (name: string): boolean => /\.(json|txt|jinja)$/.test(name) && name !== "config.json" && name !== "model.safetensors.index.json";
for (const name of readdirSync(folder).filter(isBeside)) copyFileSync(join(folder, name), join(output, name));
