import { UnavailableError } from "@diffucoder/core";
import type { Provider } from "../provider.ts";
import { descriptionOf, findBubblewrap, findPython, launchOf, type LocalLevel } from "./launch.ts";
import { describePython, probeOwnPython, pythonInfo } from "./own-python.ts";
import { probePython, type ProbedPython } from "./probe-python.ts";
import { checkApart, readableBy } from "./readable.ts";
import { SupervisorWorker } from "./supervisor-worker.ts";
import { checkReach } from "./within-reach.ts";

/**
 * Runs programs as processes of this machine.
 *
 * @param ownPython path of the Python that runs them, with its packages; by default the system's, without packages
 * @throws {UnavailableError} if what the level needs is not installed
 * @throws {InvalidArgumentError} if there is no Python at that path
 */
export function localProvider(level: LocalLevel, ownPython?: string): Provider {
  const python = ownPython === undefined ? systemPython() : probeOwnPython(ownPython);
  const bubblewrap = findBubblewrap();
  if (level === "bubblewrap" && bubblewrap === undefined) throw new UnavailableError({ what: "bubblewrap", problem: "bwrap was not found" });
  const readable = readableBy(python, { ownPackages: ownPython !== undefined });
  if (level !== "none") checkApart(readable);
  if (level === "process") checkReach(readable);
  const launch = launchOf(level, { readable, bubblewrap });
  const description = descriptionOf(level, readable);
  const keepsMemoryApart = level === "bubblewrap" || (level === "process" && readable.hasLandlock);
  return {
    isolation: { level, description: ownPython === undefined ? description : `${description}; ${describePython(python, readable)}` },
    trust: keepsMemoryApart ? "high" : "low",
    languages: ["python", "javascript"],
    writableTmp: level === "bubblewrap",
    ...(ownPython !== undefined && { python: pythonInfo(ownPython, python) }),
    worker: () => new SupervisorWorker(launch, { filters: level !== "none" }),
  };
}

/** The system's Python. If it does not answer, starting it reports why. */
export function systemPython(): ProbedPython {
  const program = findPython();
  if (program === undefined) throw new UnavailableError({ what: "Python", problem: "no python3 was found" });
  const answer = probePython(program, { hasPackages: false });
  if ("python" in answer) return answer.python;
  return { program, version: "", prefix: "", basePrefix: "", modules: [], libraries: [], landlock: false, packages: {} };
}
