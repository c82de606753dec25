import type { Sandbox } from "@diffucoder/reward-sandbox";
import type { LeftOut, Task } from "@diffucoder/tasks";

const FIND = `
import importlib.util
def is_there(name):
    return importlib.util.find_spec(name) is not None
`;

const librariesOf = ({ hidden }: Task): string[] =>
  hidden?.kind === "code" ? (hidden.libraries ?? []).map((library) => library.split(".")[0]!) : [];

/** Tasks whose libraries programs in the sandbox cannot import; if there are several, after a summary. */
export async function withoutLibraries(tasks: readonly Task[], sandbox: Sandbox): Promise<LeftOut[]> {
  const names = [...new Set(tasks.flatMap(librariesOf))];
  if (names.length === 0) return [];
  const { outcomes } = await sandbox.run({ code: FIND, entryPoint: "is_there", inputs: names.map((name) => [name]) });
  const missing = new Set(names.filter((_, i) => !(outcomes[i]?.status === "ok" && outcomes[i].value === true)));
  const tasksOf = new Map<string, number>();
  const leftOut = tasks.flatMap((task): LeftOut[] => {
    const absent = librariesOf(task).filter((library) => missing.has(library));
    for (const library of new Set(absent)) tasksOf.set(library, (tasksOf.get(library) ?? 0) + 1);
    return absent.length === 0 ? [] : [{ where: task.id, reason: `the sandbox's Python cannot import ${absent.join(", ")}` }];
  });
  if (leftOut.length < 2) return leftOut;
  const counts = [...tasksOf].toSorted(([a, m], [b, n]) => n - m || (a < b ? -1 : 1)).map(([library, count]) => `${library} (${count})`);
  const summary = { where: `${leftOut.length} of ${tasks.length} tasks`, reason: `the sandbox's Python cannot import ${counts.join(", ")}` };
  return [summary, ...leftOut];
}
