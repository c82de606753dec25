import { readFileSync } from "node:fs";

/** The text of a file that is shipped as it is, such as `python/values.py`. This file lies as deep as the bundle that it is built into. */
export const shippedFile = (path: string): string => readFileSync(new URL(`../${path}`, import.meta.url), "utf8");
