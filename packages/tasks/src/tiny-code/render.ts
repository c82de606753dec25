// A task as text: the prompt, and a solution in one of several styles with names from a small pool. The prompt does not
// say which style or names to use: a model must choose, and stay with its choice.
import type { Random } from "@diffucoder/core";
import type { Operation, Slot } from "./operation.ts";
import type { Pipeline } from "./pipeline.ts";

/** How a solution is written: a list comprehension with a name, a loop, or one expression. */
export type CodeStyle = "comprehension" | "loop" | "inline";

export const codeStyles: readonly CodeStyle[] = ["comprehension", "loop", "inline"];

/** Names of the result list. */
export const resultNames: readonly string[] = ["out", "res", "ys"];
/** Names of the element in a loop or comprehension. */
export const elementNames: readonly string[] = ["x", "n", "v"];

/** The choices that a solution makes and its prompt does not. */
export interface Rendering {
  /** Comprehension, loop, or one expression. */
  style: CodeStyle;
  /** Name of the result list. */
  resultName: string;
  /** Name of the element in a loop or comprehension. */
  elementName: string;
}

/** Draws style and names uniformly. */
export function drawRendering(random: Random): Rendering {
  return { style: random.choice(codeStyles), resultName: random.choice(resultNames), elementName: random.choice(elementNames) };
}

/** The Python function `f(xs)` of a pipeline; ends with a newline. */
export function renderSolution(pipeline: Pipeline, { style, resultName, elementName }: Rendering): string {
  const of = (slot: Slot): Operation | undefined => pipeline.find((operation) => operation.slot === slot);
  const [filter, map, transform, aggregate] = [of("filter"), of("map"), of("transform"), of("aggregate")];
  const lines: string[] = [];
  let value = "xs";
  if (filter || map) {
    const element = map?.python(elementName) ?? elementName;
    const condition = filter?.python(elementName);
    if (style === "loop") {
      const append = `${resultName}.append(${element})`;
      lines.push(
        `${resultName} = []`,
        `for ${elementName} in xs:`,
        ...(condition ? [`    if ${condition}:`, `        ${append}`] : [`    ${append}`]),
      );
      value = resultName;
    } else {
      value = `[${element} for ${elementName} in xs${condition ? ` if ${condition}` : ""}]`;
    }
  }
  const assign = (expression: string): void => {
    lines.push(`${resultName} = ${expression}`);
    value = resultName;
  };
  if (style === "comprehension" && value !== "xs") assign(value);
  // An expression that is used twice needs a name in every style.
  for (const operation of [transform, aggregate]) {
    if (operation === undefined) continue;
    const isName = value === "xs" || value === resultName;
    if (!isName && operation.python("@").split("@").length > 2) assign(value);
    value = operation.python(value);
    if (operation === transform && aggregate !== undefined && style !== "inline") assign(value);
  }
  return `def f(xs):\n${[...lines, `return ${value}`].map((line) => `    ${line}\n`).join("")}`;
}

/** Wordings of a prompt. The last frame is kept for held-out phrasing. */
export const frameCount = 4;

/** The request, one sentence. */
export function renderPrompt(pipeline: Pipeline, random: Random, frame: number = random.integer(0, frameCount - 1)): string {
  const say = (slot: Slot): string | undefined => {
    const operation = pipeline.find((one) => one.slot === slot);
    return operation && random.split(slot).choice(operation.phrases);
  };
  const what = say("aggregate");
  const which = say("filter");
  const how = [say("map"), say("transform")].filter((phrase) => phrase !== undefined).join(", then ");
  const elements = which ? `the elements of xs that ${which}` : "the elements of xs";
  const subject = what ? `${what} of ${elements}` : elements;
  const taken = how === "" ? "" : `, ${how}`;
  if (frame === 1) return `Write f(xs) that returns ${subject}${taken}.`;
  if (frame === 2) return `Given a list xs, return ${what ? `${what} of its elements` : "its elements"}${which ? ` that ${which}` : ""}${taken}.`;
  if (frame === 3) return `f(xs) gives ${subject}${taken}.`;
  return `Return ${subject}${taken}.`;
}

/** A completion in Markdown, as the format reward expects it. */
export function completionText(solution: string, language = "python"): string {
  return `\`\`\`${language}\n${solution}\`\`\`\n`;
}
