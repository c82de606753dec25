// `estimators.json`: what `npm run bench -- estimators --json FILE` leaves.
import { parseConfig } from "@diffucoder/core";
import { figuresReport } from "@diffucoder/report";
import { z } from "zod";
import type { RecordPage } from "./record-page.ts";

const Results = z.object({
  results: z.array(z.object({ name: z.string(), ours: z.number().nullable(), unit: z.string() })).min(1),
});

export const estimators: RecordPage = {
  file: "estimators.json",
  title: "Estimators against the exact likelihood",
  page: (data, path) => {
    const { results } = parseConfig(Results, { results: data }, { source: path });
    return figuresReport({
      title: "Estimators against the exact likelihood",
      description: "Bias and variance of each estimator of a completion's log-likelihood, by the passes that it takes (npm run bench -- estimators).",
      rows: results.map(({ name, ours, unit }) => ({ name, value: ours ?? Number.NaN, unit })),
    });
  },
};
