import { z } from "zod";

/** What is exported, and to where. */
export interface ExportConfig {
  /** Folder, or `owner/name[@revision]` on Hugging Face's hub. */
  model?: string | undefined;
  /** The file to write; ends in `.onnx`. */
  out: string;
  /** Logits everywhere, or at positions that are an input. @default "logits" */
  function: "logits" | "logitsAt";
  /** Rows, B. @default open: whoever runs the file chooses */
  batchSize?: number | undefined;
  /** Tokens of a row, L. @default open */
  length?: number | undefined;
  /** In the file or in `FILE.data`. @default inside up to 1 GiB */
  weights?: "inside" | "beside" | undefined;
  /** Keep the matrices in 8 or 4 bits. @default as the checkpoint */
  quantize?: "int8" | "int4" | undefined;
}

/** What `diffucoder export` takes from `--config`, `--set` and its flags. */
export const ExportConfigSchema = z.strictObject({
  model: z.string().optional().describe("folder, or owner/name[@revision] on the hub; default: the bundled model"),
  out: z.string({ error: "a file to write is needed" }).endsWith(".onnx", { error: "must end in .onnx" }).describe("the file to write"),
  function: z.enum(["logits", "logitsAt"]).default("logits").describe("everywhere, or at positions that are an input"),
  batchSize: z.int().positive().optional().describe("rows, B; default: open, whoever runs the file chooses"),
  length: z.int().positive().optional().describe("tokens of a row, L; default: open"),
  weights: z.enum(["inside", "beside"]).optional().describe("in the file or in FILE.data; default: inside up to 1 GiB"),
  quantize: z.enum(["int8", "int4"]).optional().describe("keep the matrices in 8 or 4 bits"),
}) satisfies z.ZodType<ExportConfig>;
