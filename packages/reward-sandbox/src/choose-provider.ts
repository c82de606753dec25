import { UnavailableError } from "@diffucoder/core";
import type { LocalLevel } from "./local/launch.ts";
import { localProvider } from "./local/provider.ts";
import type { Provider, Worker } from "./provider.ts";
import { pyodideProvider } from "./pyodide/provider.ts";

/** The strongest first; `"none"` must be requested. */
const AUTO = ["bubblewrap", "process", "pyodide"] as const;
/** Those that can run a caller's own Python. */
const AUTO_WITH_PYTHON = ["bubblewrap", "process"] as const;

const INSTALL = "Install what is missing, on Debian with: apt-get install bubblewrap python3";
const WITHOUT = 'Isolation "none" runs programs unprotected.';

/**
 * The requested provider, or the strongest that starts here, with a worker that proves that it works.
 *
 * @throws {UnavailableError} if there is none, saying what to install
 */
export async function chooseProvider(
  isolation: LocalLevel | "pyodide" | "auto" | Provider,
  python?: string,
): Promise<{ provider: Provider; worker: Worker }> {
  if (typeof isolation === "object") return started(isolation);
  const problems: string[] = [];
  const auto = python === undefined ? AUTO : AUTO_WITH_PYTHON;
  for (const level of isolation === "auto" ? auto : [isolation]) {
    try {
      return await started(level === "pyodide" ? pyodideProvider() : localProvider(level, python));
    } catch (error) {
      if (!(error instanceof UnavailableError)) throw error;
      problems.push(isolation === "auto" ? `${level}: ${error.problem}` : error.problem);
    }
  }
  throw new UnavailableError({
    what: isolation === "auto" ? "The sandbox" : `The sandbox with isolation by ${isolation}`,
    problem: problems.join("; "),
    wayOut: python === undefined ? `${INSTALL}; elsewhere, for weaker isolation: npm install pyodide. ${WITHOUT}` : `${INSTALL}. ${WITHOUT}`,
  });
}

async function started(provider: Provider): Promise<{ provider: Provider; worker: Worker }> {
  const worker = provider.worker();
  try {
    await worker.start();
  } catch (error) {
    worker.close();
    throw error;
  }
  return { provider, worker };
}
