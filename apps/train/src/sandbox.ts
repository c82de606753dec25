// The sandbox of a command, for as long as it works.
import type { Terminal } from "@diffucoder/command-line";
import { createSandbox, type Sandbox } from "@diffucoder/reward-sandbox";

/** What `--python` means. */
export const PYTHON = "Python to run programs with, including its installed packages (default: the system's python3, without packages)";

/** Does the work with a sandbox, and says how it isolates if that is not the strongest way. */
export async function withSandbox<T>({ python }: { python?: string }, { error }: Terminal, work: (sandbox: Sandbox) => Promise<T>): Promise<T> {
  const sandbox = await createSandbox(python === undefined ? {} : { python });
  if (sandbox.isolation.level !== "bubblewrap") error(`The sandbox runs with ${sandbox.isolation.description}.`);
  try {
    return await work(sandbox);
  } finally {
    sandbox.close();
  }
}
