import { existsSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

/** How strongly the candidate's code is kept apart. */
export interface Isolation {
  level: "bubblewrap" | "process";
  description: string;
}

export interface Launch {
  command: string;
  args: string[];
}

const zygote = fileURLToPath(new URL("../python/zygote.py", import.meta.url));

/** Debian's Python first: a version manager's Python may not be visible inside the sandbox. */
const pythons = ["/usr/bin/python3", "/usr/local/bin/python3", "/opt/homebrew/bin/python3"];

export function findPython(): string | undefined {
  return pythons.find((path) => existsSync(path));
}

export function findBubblewrap(): string | undefined {
  return ["/usr/bin/bwrap", "/usr/local/bin/bwrap", "/bin/bwrap"].find((path) => existsSync(path));
}

export const descriptions: Readonly<Record<Isolation["level"], string>> = {
  bubblewrap: "bubblewrap: own namespaces without network, read-only files, no /proc, an unprivileged user, system calls filtered",
  process: "process limits only (weaker): no namespaces, files are readable; system calls are filtered on Linux",
};

/** Python with `-I -S -B`: no environment variables, no site packages, no bytecode files. */
export function processLaunch(python: string): Launch {
  return { command: python, args: ["-I", "-S", "-B", zygote] };
}

/**
 * The same inside bubblewrap, as the user nobody if this process is root. The program goes in as text: nobody may not be
 * able to enter the folder that it lies in.
 */
export function bubblewrapLaunch(bubblewrap: string, python: string): Launch {
  const systemFolders = ["/lib", "/lib64", "/bin", "/etc/alternatives"].flatMap((path) => ["--ro-bind-try", path, path]);
  const sandbox = [
    ["--unshare-all", "--unshare-user", "--disable-userns", "--die-with-parent", "--new-session", "--clearenv"],
    ["--ro-bind", "/usr", "/usr", ...systemFolders],
    ["--dev", "/dev", "--size", String(8 << 20), "--tmpfs", "/tmp", "--chdir", "/tmp"],
    ["--remount-ro", "/dev", "--remount-ro", "/", "--remount-ro", "/tmp", "--cap-drop", "ALL"],
    [python, "-I", "-S", "-B", "-c", readFileSync(zygote, "utf8")],
  ].flat();
  const isRoot = process.getuid?.() === 0;
  const setpriv = ["/usr/bin/setpriv", "/bin/setpriv"].find((path) => existsSync(path));
  if (!isRoot || !setpriv) return { command: bubblewrap, args: sandbox };
  return { command: setpriv, args: ["--reuid=65534", "--regid=65534", "--clear-groups", "--", bubblewrap, ...sandbox] };
}
