import { e2bProvider, pistonProvider, type SandboxOptions } from "@diffucoder/reward-sandbox";
import { z } from "zod";

const PISTON = "piston:";

/** Where programs run, by name. */
export const IsolationSchema = z.string().regex(/^(auto|bubblewrap|process|pyodide|none|e2b|piston:https?:\/\/.+)$/, {
  error: "expected auto, bubblewrap, process, pyodide, none, e2b or piston:URL",
});

/** What `createSandbox` takes for a name. @throws {InvalidArgumentError} if the address of a Piston is not a URL */
export function isolationOf(name: string): NonNullable<SandboxOptions["isolation"]> {
  if (name === "e2b") return e2bProvider();
  return name.startsWith(PISTON) ? pistonProvider({ url: name.slice(PISTON.length) }) : (name as "auto");
}
