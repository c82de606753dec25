// EvalPlus's `sanitize`: extracts what the entry point needs from a text that holds a program among prose, fences and examples.
//   1. The run of lines that Python parses with the most lines that are not blank; of several the first.
//   2. From it the imports, and those top-level definitions (functions, classes, assignments) that the entry point reaches by
//      name. Of several definitions of a name the first counts; a function without a body, such as a prompt's, does not count.
// Python itself parses, in the sandbox, rather than a parser in Node: see docs/decisions/eval.md.
// Differs from EvalPlus 0.3.1:
//   1. A decorated function stays; EvalPlus drops it.
//   2. A function has no body if it holds only a docstring, `pass` and `...`; for EvalPlus, if it has no `return`, which drops generators and
//      helpers that change their arguments.
//   3. A single line can be the program. All targets of `a, b = 1, 2` are defined by it.
//   4. The search ends after PARSED_CHARACTERS, with the best run so far: EvalPlus tries every pair of lines.
import type { Sandbox } from "@diffucoder/reward-sandbox";

/** Characters that are parsed for one text, over all attempts. */
const PARSED_CHARACTERS = 4_000_000;
const LIMITS = { wallTimeMs: 20_000, memoryMb: 2048, outputMb: 8 };

/** The program that does it; `sanitize(text, entry_point)` is its entry point. */
export const SANITIZE = String.raw`
import ast
import warnings

warnings.simplefilter("ignore")


def sanitize(text, entry_point):
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    block = "\n".join(longest_block(lines))
    try:
        body = ast.parse(block).body
    except (SyntaxError, ValueError):
        return ""
    imports = [source(block, node) for node in body if isinstance(node, (ast.Import, ast.ImportFrom))]
    definitions, defined = [], set()
    for node in body:
        names = defined_names(node)
        if names and not names & defined:
            defined |= names
            definitions.append((names, node))
    needed = reached(entry_point, definitions)
    parts = imports + [source(block, node) for names, node in definitions if names & needed]
    return "".join(part + "\n" for part in parts)


def longest_block(lines):
    """The run of lines with the most that are not blank; an error ends every run through its line that begins where this one does."""
    filled = [0]
    for line in lines:
        filled.append(filled[-1] + (line.strip() != ""))
    unreadable = [i for i, line in enumerate(lines) if any(char == "\0" or "\ud800" <= char <= "\udfff" for char in line)]
    best, most, left = (0, 0), 0, ${PARSED_CHARACTERS}
    for start, line in enumerate(lines):
        if not line.strip() or line[0] in " \t":
            continue  # the run without this blank line is as long; no program begins indented
        if filled[-1] - filled[start] <= most:
            break
        end = next((i for i in unreadable if i >= start), len(lines))
        while filled[end] - filled[start] > most:
            text = "\n".join(lines[start:end])
            left -= len(text)
            if left < 0:
                return lines[slice(*best)]
            failed = line_of_error(text, end - start)
            if failed is None:
                best, most = (start, end), filled[end] - filled[start]
                break
            end = start + min(failed - 1, end - start - 1)
    return lines[slice(*best)]


def line_of_error(text, count):
    """From 1; None for a program."""
    try:
        ast.parse(text)
        return None
    except SyntaxError as error:
        return max(1, error.lineno or count)
    except (ValueError, RecursionError, MemoryError):
        return count


def defined_names(node):
    if isinstance(node, ast.ClassDef):
        return {node.name}
    if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
        return {node.name} if any(map(is_work, node.body)) else set()
    targets = node.targets if isinstance(node, ast.Assign) else [node.target] if isinstance(node, ast.AnnAssign) else []
    names = [name for target in targets for name in ast.walk(target) if isinstance(name, ast.Name)]
    return {name.id for name in names if isinstance(name.ctx, ast.Store)}


def is_work(node):
    return not (isinstance(node, ast.Pass) or isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant))


def reached(entry_point, definitions):
    needed, open_names = set(), {entry_point.split(".")[0]}
    while open_names:
        name = open_names.pop()
        needed.add(name)
        used = [node for names, top in definitions if name in names for node in ast.walk(top) if isinstance(node, ast.Name)]
        open_names |= {node.id for node in used} - needed
    return needed


def source(block, node):
    if getattr(node, "decorator_list", []):
        return "\n".join(block.split("\n")[node.decorator_list[0].lineno - 1 : node.end_lineno])
    return ast.get_source_segment(block, node)
`;

/**
 * The parts of a text that a Python program with this entry point needs, each ending with a line break; empty if there are none.
 * A text that the sandbox cannot work through (too much memory, too deep) comes back as it is.
 *
 * @throws {AbortedError} when `signal` fires
 */
export async function sanitize(
  text: string,
  entryPoint: string,
  { sandbox, signal }: { sandbox: Sandbox; signal?: AbortSignal | undefined },
): Promise<string> {
  const job = { code: SANITIZE, entryPoint: "sanitize", inputs: [[text, entryPoint]], ...LIMITS };
  const [outcome] = (await sandbox.run(job, { ...(signal && { signal }) })).outcomes;
  return outcome?.status === "ok" && typeof outcome.value === "string" ? outcome.value : text;
}
