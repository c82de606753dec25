import { existsSync } from "node:fs";
import { library } from "../tsup.base.ts";

const programs = ["parity/main", "train-tokenizer", "tinycode-card", "random-checkpoint"].filter((name) => existsSync(`${name}.ts`));

export default library({ entry: Object.fromEntries(programs.map((name) => [name, `${name}.ts`])) });
