// Export: the network as an .onnx file, which any ONNX Runtime can run without this project.
import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ExportConfigSchema, exportModel } from "@diffucoder/engine";
import { bundledModelDir } from "diffucoder";

const out = join(mkdtempSync(join(tmpdir(), "diffucoder-")), "model.onnx");
const { inputs, outputs, files } = await exportModel({ ...ExportConfigSchema.parse({ out, length: 32 }), model: bundledModelDir() });
for (const { name, dtype, shape } of [...inputs, ...outputs]) console.log(`${name}: ${dtype} [${shape.join(", ")}]`);
for (const { path, bytes } of files) console.log(`${path}: ${(bytes / 1e6).toFixed(1)} MB`);
