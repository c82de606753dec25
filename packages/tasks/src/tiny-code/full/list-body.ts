// The body of a function that keeps and changes elements, and then does something with all of them: shared by the families over sequences.
import { type Choice, type Choices, present } from "./choice.ts";
import type { Look, Pen } from "./family.ts";

/** What is written. */
export interface BodyOptions {
  /** Lines that stand first. @default none */
  setup?: readonly string[];
  /** What the elements come from: a name or an expression. @default "xs" */
  source?: string;
  /** Whether elements are put together to a text. @default false: to a list */
  isText?: boolean;
  filter?: Choice | undefined;
  /** Changes of an element, in turn. */
  maps?: Choices;
  /** What is done with the whole, in turn. */
  whole: Choices;
  look: Look;
}

const isName = (value: string): boolean => /^\w+$/.test(value);

/** The lines before the result, and the result as an expression. */
export function bodyOf({ setup = [], source = "xs", isText = false, filter, maps = [], whole, look }: BodyOptions): {
  lines: string[];
  value: string;
} {
  const { style, resultName, elementName } = look;
  const lines = [...setup];
  let value = source;
  const assign = (expression: string): void => {
    lines.push(`${resultName} = ${expression}`);
    value = resultName;
  };
  const changes = present(maps);
  if (filter !== undefined || changes.length > 0) {
    const element = changes.reduce((inner, one, i) => one.python(i === 0 ? inner : `(${inner})`), elementName);
    const condition = filter?.python(elementName);
    const iterated = source.replace(/^list\((range\(.+\))\)$/, "$1");
    const inner = `${element} for ${elementName} in ${iterated}${condition === undefined ? "" : ` if ${condition}`}`;
    if (style === "loop") {
      const add = isText ? `${resultName} += ${element}` : `${resultName}.append(${element})`;
      const loop = condition === undefined ? [`    ${add}`] : [`    if ${condition}:`, `        ${add}`];
      lines.push(`${resultName} = ${isText ? '""' : "[]"}`, `for ${elementName} in ${iterated}:`, ...loop);
      value = resultName;
    } else if (isText) value = style === "generator" ? `"".join(${inner})` : `"".join([${inner}])`;
    else value = style === "generator" ? `list(${inner})` : `[${inner}]`;
  }
  const steps = present(whole);
  if (style === "comprehension" && !isName(value) && steps.length > 0) assign(value);
  for (const [i, step] of steps.entries()) {
    const isTwice = step.python("@").split("@").length > 2; // an expression that is used twice needs a name
    if (!isName(value) && isTwice) assign(value);
    value = step.python(value);
    if (i < steps.length - 1) assign(value);
  }
  return { lines, value };
}

/** The body as lines that end with a return. */
export function returnOf({ lines, value }: { lines: readonly string[]; value: string }): string[] {
  return [...lines, `return ${value}`];
}

/** `"the sum of the elements of xs that are even, doubled, then sorted"`. */
export function subjectOf(
  {
    elements = "elements of xs",
    filter,
    changes,
    aggregate,
  }: { elements?: string; filter?: Choice | undefined; changes: Choices; aggregate?: Choice | undefined },
  { say }: Pick<Pen, "say">,
): string {
  const which = filter === undefined ? `the ${elements}` : `the ${elements} that ${say(filter)}`;
  const how = present(changes).map(say).join(", then ");
  return `${aggregate === undefined ? "" : `${say(aggregate)} of `}${which}${how === "" ? "" : `, ${how}`}`;
}
