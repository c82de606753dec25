import { InvalidArgumentError } from "@diffucoder/core";
import { html, type Html, type HtmlValue } from "./html.ts";
import { formatNumber } from "./number-format.ts";
import type { RevealOrder } from "./report-data.ts";

/**
 * The tokens of a completion, coloured by the step that revealed them, with a slider that replays the steps.
 * Without scripts the colours, the titles and the list remain.
 *
 * @throws {InvalidArgumentError} if the lists differ in length or a step lies outside `steps`
 */
export function revealView({ tokens, stepOf, confidence, steps }: RevealOrder, id: string): Html {
  check({ tokens, stepOf, steps, ...(confidence === undefined ? {} : { confidence }) });
  const titleOf = (i: number): string => {
    const step = stepOf[i]!;
    if (step < 0) return "given";
    return confidence === undefined ? `step ${step + 1}` : `step ${step + 1}, confidence ${formatNumber(confidence[i]!)}`;
  };
  const cells = tokens.map((token, i) => {
    const step = stepOf[i]!;
    const shade = step < 0 ? null : html` style="--t:${Math.round((1000 * step) / Math.max(1, steps - 1)) / 1000}"`;
    return html`<span class="token${step < 0 ? " given" : ""}" data-step="${step}" ${shade} title="${titleOf(i)}">${visible(token)}</span>`;
  });
  return html`<div class="reveal" data-steps="${steps}">
    <div class="player" hidden>
      <button type="button" aria-controls="${id}-tokens">Play</button
      ><input
        type="range"
        min="0"
        max="${steps}"
        value="${steps}"
        step="1"
        aria-label="Denoising step"
        aria-controls="${id}-tokens"
      /><output></output>
    </div>
    <p class="scale muted"><span>step 1</span><span class="ramp" aria-hidden="true"></span><span>step ${steps}</span></p>
    <pre class="tokens" id="${id}-tokens" tabindex="0">${cells}</pre>
    <details>
      <summary>The order as a list</summary>
      <div class="scroll">
        <table>
          <thead>
            <tr>
              <th>Step</th>
              <th>Tokens revealed</th>
            </tr>
          </thead>
          <tbody>
            ${orderRows({ tokens, stepOf })}
          </tbody>
        </table>
      </div>
    </details>
  </div>`;
}

function orderRows({ tokens, stepOf }: Pick<RevealOrder, "tokens" | "stepOf">): Html[] {
  const byStep = new Map<number, string[]>();
  for (const [i, step] of stepOf.entries()) {
    if (step >= 0) byStep.set(step, [...(byStep.get(step) ?? []), tokens[i]!]);
  }
  return [...byStep]
    .sort(([a], [b]) => a - b)
    .map(
      ([step, revealed]) =>
        html`<tr>
          <td>${step + 1}</td>
          <td>${revealed.map((token) => html`<code>${JSON.stringify(token).slice(1, -1)}</code> `)}</td>
        </tr>`,
    );
}

/** A line break is also drawn as a sign, or a cell that holds nothing else would be invisible. */
function visible(token: string): HtmlValue {
  return token === "" ? "∅" : token.split(/(\n)/).map((part) => (part === "\n" ? html`<i aria-hidden="true">⏎</i>${"\n"}` : part));
}

function check({ tokens, stepOf, confidence, steps }: RevealOrder): void {
  if (!Number.isSafeInteger(steps) || steps < 1) throw new InvalidArgumentError({ argument: "steps", value: steps, expected: "a positive integer" });
  for (const [argument, list] of Object.entries({ stepOf, confidence: confidence ?? tokens })) {
    if (list.length !== tokens.length)
      throw new InvalidArgumentError({ argument, value: list.length, expected: `a list of ${tokens.length}, one per token` });
  }
  const outside = stepOf.find((step) => !Number.isSafeInteger(step) || step >= steps);
  if (outside !== undefined) throw new InvalidArgumentError({ argument: "stepOf", value: outside, expected: `an integer below steps (${steps})` });
}
