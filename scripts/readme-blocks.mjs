// The TypeScript programs of a README, and the install line that comes before them.
//   ```ts                a whole program
//   ```ts no-run         is only type-checked: it needs a download, or hours
//   ```ts should-throw   ends with an error on purpose

/**
 * @param {string} markdown
 * @returns {{ line: number, code: string, mode: "run" | "no-run" | "should-throw" }[]} `line` of the fence, from 1
 */
export function programsOf(markdown) {
  const lines = markdown.split("\n");
  return lines.flatMap((line, start) => {
    const [, fence, mode = "run"] = /^(```+)(?:ts|typescript)(?: (.+))?$/.exec(line) ?? [];
    if (fence === undefined) return [];
    if (mode !== "run" && mode !== "no-run" && mode !== "should-throw") throw new Error(`line ${start + 1}: a block is no-run or should-throw`);
    return [{ line: start + 1, code: lines.slice(start + 1, lines.indexOf(fence, start + 1)).join("\n"), mode }];
  });
}

/**
 * What the first `npm install ...` line of a README installs.
 *
 * @param {string} markdown
 * @returns {string[]}
 */
export function installedBy(markdown) {
  const [, names = ""] = /^npm install (.+)$/m.exec(markdown) ?? [];
  return names.split(" ").filter((name) => name !== "");
}
