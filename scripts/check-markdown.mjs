// Every relative link and anchor of the Markdown files leads somewhere, as GitHub would follow it, without the network; and every page of
// docs/decisions says under its title when it was decided and whether it still holds.
import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import { root } from "./workspace.mjs";

const STATUS_LINE = /^Status: (accepted|rejected|superseded by .+) · Decided: \d{4}-\d\d-\d\d( · Revised: \d{4}-\d\d-\d\d)?$/;
const SKIPPED_FOLDERS = new Set(["node_modules", "dist", "runs", "fixtures", ".git", ".cache", ".turbo"]);

const problems = [];
const anchorsByFile = new Map();
const files = markdownFiles(root);
let links = 0;
for (const path of files) {
  const text = readFileSync(path, "utf8");
  const name = relative(root, path);
  for (const { line, target } of linksOf(text)) {
    links++;
    const problem = problemOf(path, target);
    if (problem !== undefined) problems.push(`${name}:${line}: ${target} ${problem}`);
  }
  if (name.startsWith("docs/decisions/") && !STATUS_LINE.test(text.split("\n")[2]))
    problems.push(`${name}:3: a decision's third line is "Status: accepted · Decided: YYYY-MM-DD[ · Revised: YYYY-MM-DD]"`);
}
for (const problem of problems) process.stderr.write(`check-markdown: ${problem}\n`);
if (problems.length === 0) process.stdout.write(`check-markdown: ${links} links of ${files.length} Markdown files lead somewhere\n`);
process.exitCode = problems.length === 0 ? 0 : 1;

function markdownFiles(folder) {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return SKIPPED_FOLDERS.has(entry.name) ? [] : markdownFiles(path);
    return entry.name.endsWith(".md") ? [path] : [];
  });
}

/** Links, images and reference definitions outside code that have no scheme. */
function linksOf(text) {
  return prose(text).flatMap((line, index) => {
    const matches = [...line.matchAll(/\]\(<?([^\s)>]+)>?(?:\s+"[^"]*")?\)|^\[[^\]]+\]:\s*<?([^\s>]+)|(?:href|src)="([^"]+)"/g)];
    const targets = matches.map(([, inline, definition, html]) => inline ?? definition ?? html);
    return targets.filter((target) => !/^([a-z][a-z+.-]*:|\/\/)/i.test(target)).map((target) => ({ line: index + 1, target }));
  });
}

/** What is wrong with a link of a file; `undefined` if it leads somewhere. */
function problemOf(from, link) {
  const [path, anchor] = link.split("#").map(decodeURIComponent);
  const target = path === "" ? from : resolve(dirname(from), path);
  if (relative(root, target).startsWith("..")) return "leads out of the repository";
  if (!existsSync(target)) return "does not exist";
  const page = statSync(target).isDirectory() ? join(target, "README.md") : target; // GitHub shows it under the list of the folder's files
  if (anchor === undefined || anchor === "" || !page.endsWith(".md")) return undefined;
  if (!anchorsByFile.has(page)) anchorsByFile.set(page, existsSync(page) ? anchorsOf(readFileSync(page, "utf8")) : new Set());
  return anchorsByFile.get(page).has(anchor) ? undefined : "is not a heading of that page";
}

/** The anchors that GitHub gives to headings; the second of the same name ends in -1. */
function anchorsOf(text) {
  const anchors = new Set();
  for (const line of prose(text, { keepCode: true })) {
    for (const [, id] of line.matchAll(/<a (?:id|name)="([^"]+)"/g)) anchors.add(id);
    const [, heading] = /^#{1,6}\s+(.+?)\s*#*$/.exec(line) ?? [];
    if (heading === undefined) continue;
    const slug = slugOf(heading);
    let anchor = slug;
    for (let count = 1; anchors.has(anchor); count++) anchor = `${slug}-${count}`;
    anchors.add(anchor);
  }
  return anchors;
}

function slugOf(heading) {
  return heading
    .replace(/!?\[([^\]]*)\]\([^)]*\)/g, "$1")
    .toLowerCase()
    .replace(/[^\p{L}\p{M}\p{N}\p{Pc} -]/gu, "")
    .replaceAll(" ", "-");
}

/** The lines of a text, empty where they are code. */
function prose(text, { keepCode = false } = {}) {
  let fence;
  return text.split("\n").map((line) => {
    const [, mark] = /^\s*(`{3,}|~{3,})/.exec(line) ?? [];
    if (fence === undefined && mark !== undefined) fence = mark;
    else if (fence !== undefined) {
      if (mark !== undefined && mark.startsWith(fence)) fence = undefined;
    } else return keepCode ? line : line.replace(/(`+)(?!`).*?[^`]\1(?!`)/g, "");
    return "";
  });
}
