import { readdirSync } from "node:fs";
import { library } from "../tsup.base.ts";

const folder = new URL(".", import.meta.url);
export default library({ entry: readdirSync(folder).filter((name) => /^[a-z-]+\.ts$/.test(name)) });
