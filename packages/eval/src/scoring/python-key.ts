import type { Sandbox } from "@diffucoder/reward-sandbox";

/** Identifies a custom Python in the names of cached reference results; empty for the system's. */
export function pythonKey({ python }: Pick<Sandbox, "python">): unknown[] {
  return python === undefined ? [] : [python.version, Object.entries(python.libraries).sort(([a], [b]) => (a < b ? -1 : 1))];
}
