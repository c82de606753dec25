import { existsSync } from "node:fs";
import { findBubblewrap, findPython, launchOf } from "../local/launch.ts";
import { systemPython } from "../local/provider.ts";
import { readableBy } from "../local/readable.ts";
import { SupervisorWorker } from "../local/supervisor-worker.ts";
import type { Provider } from "../provider.ts";
import { ANSWERS_FILE } from "./attack.fixture.ts";

/**
 * Isolation "none" as it is, in a box that attacks can do harm in: processes and /tmp of its own, and the machine's files, which cannot be
 * written to. Undefined where there is no bubblewrap to make it.
 */
export function noneInABox(): Provider | undefined {
  const [bubblewrap, python] = [findBubblewrap(), findPython()];
  if (bubblewrap === undefined || python === undefined) return undefined;
  const { command, args, env } = launchOf("none", { readable: readableBy(systemPython()) });
  const walls = ["--unshare-user", "--unshare-pid", "--unshare-ipc", "--die-with-parent", "--new-session", "--ro-bind", "/", "/"];
  const folders = ["--dev", "/dev", "--proc", "/proc", "--tmpfs", "/tmp", "--ro-bind", ANSWERS_FILE, ANSWERS_FILE, "--chdir", "/tmp"];
  const asNobody = process.getuid?.() === 0 ? ["/usr/bin/setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "--"] : [];
  if (asNobody[0] !== undefined && !existsSync(asNobody[0])) return undefined;
  const [first, ...rest] = [...asNobody, bubblewrap, ...walls, ...folders, command, ...args];
  return {
    isolation: { level: "none", description: "none, in a box" },
    languages: ["python", "javascript"],
    writableTmp: false,
    worker: () => new SupervisorWorker({ command: first as string, args: rest, env }, { filters: false }),
  };
}
