import type { Sandbox } from "@diffucoder/reward-sandbox";

const FIND = `
import importlib.util
def is_there(name):
    return importlib.util.find_spec(name) is not None
`;

/** Those of the modules that programs in the sandbox cannot import. */
export async function missingLibraries(libraries: readonly string[], sandbox: Sandbox): Promise<Set<string>> {
  const names = [...new Set(libraries.map((library) => library.split(".")[0] as string))];
  const { outcomes } = await sandbox.run({ code: FIND, entryPoint: "is_there", inputs: names.map((name) => [name]) });
  return new Set(names.filter((_, i) => !(outcomes[i]?.status === "ok" && outcomes[i].value === true)));
}

/** What tells a Python of one's own from others, for the names of what is kept of references; empty for the system's. */
export function pythonKey({ python }: Pick<Sandbox, "python">): unknown[] {
  return python === undefined ? [] : [python.version, Object.entries(python.libraries).sort(([a], [b]) => (a < b ? -1 : 1))];
}
