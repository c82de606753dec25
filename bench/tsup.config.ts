import { library } from "../tsup.base.ts";

export default library({ entry: ["main.ts", "peak-memory.ts", "published-model.ts", "coder-run.ts", "write-coder.ts"] });
