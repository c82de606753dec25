import type { z } from "zod";
import { show } from "./errors.ts";

/**
 * What is wrong with a value, for zod's `error` option: what it must be and what it is, as our other errors say it ("must be at least 1, got 0").
 * A schema's own message comes before it, and `undefined` leaves zod's.
 */
export function valueProblem(issue: z.core.$ZodRawIssue): string | undefined {
  const rule = ruleOf(issue);
  if (rule === undefined) return undefined;
  const value = valueOf(issue);
  return value === undefined ? `is missing; it must ${rule}` : `must ${rule}, got ${show(value)}`;
}

/** Continues "must". */
function ruleOf(issue: z.core.$ZodRawIssue | z.core.$ZodIssue): string | undefined {
  switch (issue.code) {
    case "invalid_type":
      return typeRule(issue.expected, issue.input);
    case "invalid_value":
      return oneOf(issue.values);
    case "too_small":
      return limitRule(issue.origin, Number(issue.minimum), issue.inclusive === false ? "greater than" : "at least");
    case "too_big":
      return limitRule(issue.origin, Number(issue.maximum), issue.inclusive === false ? "less than" : "at most");
    case "not_multiple_of":
      return `be a multiple of ${issue.divisor}`;
    case "invalid_union":
      return "options" in issue && issue.options !== undefined ? oneOf(issue.options as readonly unknown[]) : unionRule(issue.errors);
    default:
      return undefined;
  }
}

const TYPES: Readonly<Record<string, string>> = {
  number: "a number",
  int: "a whole number",
  string: "a string",
  boolean: "true or false",
  array: "a list",
  tuple: "a list",
  object: "an object",
  record: "an object",
};

function typeRule(expected: string, input: unknown): string | undefined {
  const isNoNumber = expected === "number" && typeof input === "number"; // NaN and the infinities
  const type = isNoNumber ? "a finite number" : TYPES[expected];
  return type === undefined ? undefined : `be ${type}`;
}

function oneOf(values: readonly unknown[]): string {
  const names = values.map((value) => JSON.stringify(value));
  return names.length === 1 ? `be ${names[0]!}` : `be one of ${names.join(", ")}`;
}

/** What the length of a value counts. */
const UNITS: Readonly<Record<string, string>> = { string: "character", array: "item" };

function limitRule(origin: string, bound: number, relation: string): string | undefined {
  if (origin === "number" || origin === "int") return `be ${relation} ${bound}`;
  const unit = UNITS[origin];
  return unit === undefined ? undefined : `have ${relation} ${bound} ${unit}${bound === 1 ? "" : "s"}`;
}

/** Of a union whose branches each want another value, not another part of it. */
function unionRule(branches: readonly (readonly z.core.$ZodIssue[])[]): string | undefined {
  const rules = branches.map(([first]) => (first?.path.length === 0 ? ruleOf(first) : undefined));
  if (rules.length === 0 || rules.includes(undefined)) return undefined;
  return [...new Set(rules as string[])].map((rule, i) => (i === 0 ? rule : rule.replace(/^be /, ""))).join(" or ");
}

/** What the problem is with: of a value that is too long or too short its length, of an object of no known kind the name of its kind. */
function valueOf({ code, input, ...issue }: z.core.$ZodRawIssue): unknown {
  const isLength = (code === "too_small" || code === "too_big") && (typeof input === "string" || Array.isArray(input));
  if (isLength) return input.length;
  const { discriminator } = issue as { discriminator?: string };
  return discriminator === undefined ? input : (input as Record<string, unknown>)[discriminator];
}
