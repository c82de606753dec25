// Near misses of right programs: one operator or constant is changed. Works on tokens, so that Python, JavaScript and a
// fragment of a program can be mutated alike; strings, comments and regular expressions are left alone.
import type { Random } from "@diffucoder/core";

const REPLACEMENTS: Readonly<Record<string, string>> = {
  "<": "<=",
  "<=": "<",
  ">": ">=",
  ">=": ">",
  "==": "!=",
  "!=": "==",
  "===": "!==",
  "!==": "===",
  "+": "-",
  "-": "+",
  "*": "+",
  "%": "*",
  "//": "*",
  "+=": "-=",
  "-=": "+=",
  "*=": "+=",
  "//=": "*=",
  and: "or",
  or: "and",
  "&&": "||",
  "||": "&&",
  True: "False",
  False: "True",
  true: "false",
  false: "true",
};

const PYTHON_SKIP = /[rbfuRBFU]{0,2}(?:"""[\s\S]*?"""|'''[\s\S]*?'''|"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*')|#.*/;
const JAVASCRIPT_SKIP =
  /`(?:[^`\\]|\\.)*`|"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*'|\/\/.*|\/\*[\s\S]*?\*\/|(?<=[(,=:?!&|{;[]\s*|return\s)\/(?:[^/\\\n[]|\\.|\[[^\]\n]*\])+\/[a-z]*/;
const TOKENS = /[A-Za-z_]\w*|\d+(?:\.\d+)?(?![\w.])|\d[\w.]*|->|=>|\*\*=?|<<=?|>>=?|\+\+|--|\.\.\.|[-+*/%<>=!&|]+=*/;

interface Site {
  start: number;
  end: number;
  text: string;
}

/** Every place of a program that can be mutated. */
function sites(code: string, language: "python" | "javascript"): Site[] {
  const skip = language === "python" ? PYTHON_SKIP : JAVASCRIPT_SKIP;
  const found: Site[] = [];
  for (const match of code.matchAll(new RegExp(`(${skip.source})|(${TOKENS.source})`, "g"))) {
    const token = match[2];
    if (token === undefined) continue;
    const replacement = /^\d+(\.\d+)?$/.test(token)
      ? String(Number(token) + 1)
      : Object.hasOwn(REPLACEMENTS, token)
        ? REPLACEMENTS[token]
        : undefined;
    if (replacement === undefined) continue;
    if (/^[-+*]$/.test(token) && !isBinary(code.slice(0, match.index))) continue;
    found.push({ start: match.index, end: match.index + token.length, text: replacement });
  }
  return found;
}

/** Whether an operator here stands behind a value, and is no sign and no unpacking. */
function isBinary(before: string): boolean {
  const text = before.trimEnd();
  return /[\w)\]"'`}]$/.test(text) && !/\b(?:return|in|and|or|not|lambda|yield|else|if|print|case|typeof)$/.test(text);
}

/** Up to `count` different mutants of a program, each with one token changed. */
export function mutants(code: string, { language, count, random }: { language: "python" | "javascript"; count: number; random: Random }): string[] {
  return random
    .shuffle(sites(code, language))
    .slice(0, count)
    .map(({ start, end, text }) => code.slice(0, start) + text + code.slice(end));
}
