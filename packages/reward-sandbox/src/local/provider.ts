import { UnavailableError } from "@diffucoder/core";
import type { Provider } from "../provider.ts";
import { descriptionOf, findBubblewrap, findPython, launchOf, type LocalLevel } from "./launch.ts";
import { checkApart, readableBy } from "./readable.ts";
import { SupervisorWorker } from "./supervisor-worker.ts";

/** Programs as processes of this machine. @throws {UnavailableError} if what the level wants is not installed */
export function localProvider(level: LocalLevel): Provider {
  const python = findPython();
  if (python === undefined) throw new UnavailableError({ what: "Python", problem: "no python3 was found" });
  const bubblewrap = findBubblewrap();
  if (level === "bubblewrap" && bubblewrap === undefined) throw new UnavailableError({ what: "bubblewrap", problem: "bwrap was not found" });
  const readable = readableBy(python);
  if (level !== "none") checkApart(readable);
  const launch = launchOf(level, { readable, bubblewrap });
  const keepsMemoryApart = level === "bubblewrap" || (level === "process" && readable.hasLandlock);
  return {
    isolation: { level, description: descriptionOf(level, readable) },
    trust: keepsMemoryApart ? "high" : "low",
    languages: ["python", "javascript"],
    writableTmp: level === "bubblewrap",
    worker: () => new SupervisorWorker(launch, { filters: level !== "none" }),
  };
}
