// The memory of all processes of a job together. The kernel limits each one; many small ones together could take more than one may.
// They are watched from outside, out of a program's reach: a control group would need rights that few users have.
import { readdirSync, readFileSync } from "node:fs";

/** Interval between checks, milliseconds. A process may fill some 100 MB in that time; its own limit still holds. */
const INTERVAL = 20;

/** The children of a process, of all its threads; none if it has ended, or on a system without /proc. */
function childrenOf(pid: number): number[] {
  try {
    const threads = readdirSync(`/proc/${pid}/task`);
    return threads.flatMap((thread) => readFileSync(`/proc/${pid}/task/${thread}/children`, "utf8").split(" ").filter(Boolean).map(Number));
  } catch {
    return [];
  }
}

/** All descendants of a process. */
export const descendantsOf = (pid: number): number[] => childrenOf(pid).flatMap((child) => [child, ...descendantsOf(child)]);

/** Bytes that a process has written to and holds, including shared ones. Pages that a fork shares with its parent count for both. */
function memoryOf(pid: number): number {
  try {
    const status = readFileSync(`/proc/${pid}/status`, "utf8");
    const kilobytes = (name: string): number => Number(new RegExp(`^${name}:\\s*(\\d+) kB`, "m").exec(status)?.[1] ?? 0);
    return (kilobytes("RssAnon") + kilobytes("RssShmem")) * 1024;
  } catch {
    return 0;
  }
}

/** The supervisor below the programs that start it (bubblewrap is two of them): while it runs no job, only it has no child. */
export function lastOfChain(pid: number): number {
  const [child] = childrenOf(pid);
  return child === undefined ? pid : lastOfChain(child);
}

/** The processes of a supervisor's job: its child handles the job, and the programs descend from that. */
export const programsOf = (supervisor: number): number[] => childrenOf(supervisor).flatMap(descendantsOf);

/**
 * Kills the processes once they hold more than `limit` bytes together.
 *
 * @param shared process that they are forked from: its own memory does not count for them
 * @returns ends the watch
 */
export function watchMemory(processes: () => number[], limit: number, shared?: number): () => void {
  const apart = shared === undefined ? 0 : memoryOf(shared);
  const look = (): void => {
    const pids = processes();
    if (pids.reduce((sum, pid) => sum + Math.max(memoryOf(pid) - apart, 0), 0) <= limit) return;
    for (const pid of pids) {
      try {
        process.kill(pid, "SIGKILL");
      } catch {} // it has already ended
    }
  };
  const timer = setInterval(look, INTERVAL);
  return () => clearInterval(timer);
}
