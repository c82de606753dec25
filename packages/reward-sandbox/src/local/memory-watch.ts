// The memory of all processes of a job together. Each has a limit of its own, held by the kernel; many small ones could take together
// what none may. They are watched from outside, where a program cannot reach: a control group would want rights that few users have.
import { readdirSync, readFileSync } from "node:fs";

/** Between two looks, milliseconds. A process may fill some 100 MB in that time; its own limit still holds. */
const INTERVAL = 20;

/** Of a process, by all its threads; none if it has ended, or on a system without /proc. */
function childrenOf(pid: number): number[] {
  try {
    const threads = readdirSync(`/proc/${pid}/task`);
    return threads.flatMap((thread) => readFileSync(`/proc/${pid}/task/${thread}/children`, "utf8").split(" ").filter(Boolean).map(Number));
  } catch {
    return [];
  }
}

/** Every process below one. */
export const descendantsOf = (pid: number): number[] => childrenOf(pid).flatMap((child) => [child, ...descendantsOf(child)]);

/** Bytes that a process has written to and holds, shared ones included. Pages that a fork shares with its parent count for both. */
function memoryOf(pid: number): number {
  try {
    const status = readFileSync(`/proc/${pid}/status`, "utf8");
    const kilobytes = (name: string): number => Number(new RegExp(`^${name}:\\s*(\\d+) kB`, "m").exec(status)?.[1] ?? 0);
    return (kilobytes("RssAnon") + kilobytes("RssShmem")) * 1024;
  } catch {
    return 0;
  }
}

/** The supervisor behind the programs that start it (bubblewrap is two of them): as long as it runs no job, none but it has no child. */
export function lastOfChain(pid: number): number {
  const [child] = childrenOf(pid);
  return child === undefined ? pid : lastOfChain(child);
}

/** Of the programs of a supervisor's job: its child handles the job, and the programs descend from that. */
export const programsOf = (supervisor: number): number[] => childrenOf(supervisor).flatMap(descendantsOf);

/**
 * Kills the processes once they hold more than `limit` bytes together.
 *
 * @param shared process that they are forked from: what it holds is not counted for them
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
      } catch {} // it has ended meanwhile
    }
  };
  const timer = setInterval(look, INTERVAL);
  return () => clearInterval(timer);
}
