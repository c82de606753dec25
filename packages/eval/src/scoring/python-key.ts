import type { Sandbox } from "@diffucoder/reward-sandbox";

/** What tells a Python of one's own from others, for the names of what is kept of references; empty for the system's. */
export function pythonKey({ python }: Pick<Sandbox, "python">): unknown[] {
  return python === undefined ? [] : [python.version, Object.entries(python.libraries).sort(([a], [b]) => (a < b ? -1 : 1))];
}
