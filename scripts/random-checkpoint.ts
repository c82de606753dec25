// A checkpoint of a given shape with random weights, to measure loading and decoding of models that are not available:
//   random-checkpoint CONFIG_JSON OUTPUT_FOLDER [TOKENIZER_FOLDER]
import { copyFileSync, existsSync } from "node:fs";
import { join } from "node:path";
import { createRandom } from "@diffucoder/core";
import type { ModelParameters } from "@diffucoder/diffusion";
import { parameterShapes, readModelConfig, saveModel } from "@diffucoder/model";
import { NdArray, sizeOf } from "@diffucoder/tensor";

const [configFile, output, tokenizer] = process.argv.slice(2);
if (configFile === undefined || output === undefined) throw new Error("usage: random-checkpoint CONFIG_JSON OUTPUT_FOLDER [TOKENIZER_FOLDER]");

const config = readModelConfig(configFile);
const shapes = Object.entries(parameterShapes(config));
const largest = Math.max(...shapes.map(([, shape]) => sizeOf(shape)));
// Every matrix is a view of the same numbers, from another place on: a model of 30 GB is written with the memory of one matrix.
const period = 1 << 24;
const shift = 1009;
const normal = createRandom(0).fillNormal(new Float32Array(period));
const values = new Float32Array(largest + shift * shapes.length);
for (let i = 0; i < values.length; i++) values[i] = config.initializerRange * normal[i % period]!;

const parameters: ModelParameters = Object.fromEntries(
  shapes.map(([name, shape], i) => {
    const size = sizeOf(shape);
    const data = name.endsWith("norm.weight") ? new Float32Array(size).fill(1) : values.subarray(i * shift, i * shift + size);
    return [name, new NdArray(data, shape)];
  }),
);
saveModel(output, { config, parameters, dtype: "BF16" });
for (const name of ["tokenizer.json", "vocab.json", "merges.txt", "added_tokens.json", "tokenizer_config.json", "special_tokens_map.json"]) {
  if (tokenizer !== undefined && existsSync(join(tokenizer, name))) copyFileSync(join(tokenizer, name), join(output, name));
}
