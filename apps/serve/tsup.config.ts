import { writeFileSync } from "node:fs";
import type { Options } from "tsup";
import { library } from "../../tsup.base.ts";
import { bundlePage } from "./web/bundle-page.ts";

export default {
  ...(library({ entry: ["src/main.ts"] }) as Options),
  onSuccess: async () => writeFileSync("dist/page.html", await bundlePage()),
};
