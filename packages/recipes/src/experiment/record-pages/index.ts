import { estimators } from "./estimators.ts";
import type { RecordPage } from "./record-page.ts";

/** Kinds of records that an experiment's folder may hold besides its runs. A new one is a file here and its place in this list. */
export const RECORD_PAGES: readonly RecordPage[] = [estimators];
