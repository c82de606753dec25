import { existsSync } from "node:fs";
import { library } from "../tsup.base.ts";

export default library({ entry: ["parity/main.ts", "train-tokenizer.ts"].filter((file) => existsSync(file)) });
