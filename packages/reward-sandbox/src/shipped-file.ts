import { readFileSync } from "node:fs";

/** The text of a file that ships unchanged, such as `python/values.py`. This file is at the same depth as the bundle it is built into. */
export const shippedFile = (path: string): string => readFileSync(new URL(`../${path}`, import.meta.url), "utf8");
