// The built command as a process of its own.
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

export const root = fileURLToPath(new URL("../../..", import.meta.url));
const main = join(root, "apps/serve/dist/main.js");

/** Builds the command. `npm test` has built it already; then this takes a moment. */
export function buildServe(): void {
  const turbo = join(root, "node_modules/turbo/bin/turbo");
  const options = { cwd: root, encoding: "utf8" } as const;
  const built = spawnSync(process.execPath, [turbo, "run", "build", "--filter=@diffucoder/app-serve", "--ui=stream"], options);
  if (built.status !== 0) throw new Error(built.stdout + built.stderr);
}

export interface ServeProcess {
  url: string;
  child: ChildProcess;
  /** Everything that it has said so far. */
  said(): string;
  /** Its exit code, or the signal that ended it. */
  ended: Promise<number | NodeJS.Signals | null>;
}

/** Starts the command on a free port and waits until it answers. */
export function startServe(args: readonly string[] = [], env: Readonly<Record<string, string>> = {}): Promise<ServeProcess> {
  return startProcess(process.execPath, [main, "--port", "0", ...args], env);
}

/** Starts a program that becomes the command. */
export async function startProcess(program: string, args: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<ServeProcess> {
  const child = spawn(program, args, { cwd: root, env: { ...process.env, ...env }, stdio: ["ignore", "pipe", "pipe"] });
  let said = "";
  const ended = new Promise<number | NodeJS.Signals | null>((resolve) => child.on("close", (code, signal) => resolve(code ?? signal)));
  const url = await new Promise<string>((resolve, reject) => {
    for (const stream of [child.stdout, child.stderr])
      stream.on("data", (chunk: Buffer) => {
        said += chunk.toString();
        const found = /answers at (\S+)\/v1/.exec(said)?.[1];
        if (found !== undefined) resolve(found);
      });
    void ended.then((code) => reject(new Error(`ended with ${code}: ${said}`)));
  });
  return { url, child, ended, said: () => said };
}
