// `estimators.json`: what `npm run bench -- estimators` leaves in `runs`.
import { parseConfig } from "@diffucoder/core";
import { estimatorsReport, type EstimatorsReportData } from "@diffucoder/report";
import { z } from "zod";
import type { RecordPage } from "./record-page.ts";

const Figures = z.object({
  name: z.string(),
  family: z.string(),
  passes: z.number().positive(),
  deviation: z.number(),
  bias: z.number().optional(),
  gradientNoise: z.number().optional(),
});

const Data = z.object({
  title: z.string(),
  networks: z.array(z.object({ description: z.string(), estimators: z.array(Figures).min(1) })).min(1),
}) satisfies z.ZodType<EstimatorsReportData>;

export const estimators: RecordPage = {
  file: "estimators.json",
  title: "Estimators against the exact likelihood",
  page: (data, path) => estimatorsReport({ ...parseConfig(Data, data, { source: path }), experiment: "index.html" }),
};
