// The golden model as an .onnx file gives Dream's logits in plain onnxruntime-node.
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { exportOnnx, int32, type Tensor } from "@diffucoder/tensor";
import { InferenceSession, Tensor as OrtTensor } from "onnxruntime-node";
import { expect, it } from "vitest";
import { forward, loadModel } from "./index.ts";

const golden = fileURLToPath(new URL("../fixtures/dream-f32", import.meta.url));

for (const weights of ["inside", "beside"] as const) {
  it.skipIf(!existsSync(golden))(`exported with its weights ${weights}, the model gives Dream's logits in plain ONNX Runtime`, async () => {
    const { config, parameters } = await loadModel(`${golden}/checkpoint`);
    const { input_ids: rows, logits_full_attention: want } = JSON.parse(readFileSync(`${golden}/forward.json`, "utf8")) as {
      input_ids: number[][];
      logits_full_attention: { shape: number[]; data: number[] };
    };
    const inputIds = int32(rows.flat(), [rows.length, (rows[0] as number[]).length]);
    const folder = mkdtempSync(join(tmpdir(), "export-"));
    try {
      const path = join(folder, "dream.onnx");
      const model = (p: Record<string, Tensor>, inputs: { inputIds: Tensor }) => ({ logits: forward(config, p, inputs) });
      await exportOnnx(path, model, [parameters, { inputIds }], { frozen: [0], weights });
      const session = await InferenceSession.create(path);
      const { logits } = await session.run({ inputIds: new OrtTensor("int32", inputIds.data as Int32Array, inputIds.shape) });
      expect(logits?.dims).toEqual(want.shape);
      expect(logits?.data).toBeAllclose(want.data, { rtol: 1e-4, atol: 1e-5 });
      await session.release();
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });
}
