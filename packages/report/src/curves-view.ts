import { html, type Html } from "./html.ts";
import { lineChart } from "./line-chart.ts";
import { formatNumber } from "./number-format.ts";
import type { IterationMetrics } from "./report-data.ts";

type Metric = Exclude<keyof IterationMetrics, "step">;

const curves: readonly { metric: Metric; title: string; description: string; fromZero: boolean }[] = [
  { metric: "reward", title: "Reward", description: "Mean weighted reward of the completions drawn in an iteration.", fromZero: false },
  { metric: "codeReward", title: "Tests passed", description: "Mean share of tests that a training completion passes.", fromZero: false },
  {
    metric: "kl",
    title: "KL to the reference",
    description: "Mean KL divergence to the reference policy, nats per token. It drops whenever the reference is synced.",
    fromZero: true,
  },
  { metric: "completionLength", title: "Completion length", description: "Mean length of a completion, tokens.", fromZero: false },
  { metric: "formatReward", title: "Format reward", description: "Mean reward for answers in the required form.", fromZero: false },
  { metric: "clipRatio", title: "Clip ratio", description: "Share of tokens whose probability ratio was clipped.", fromZero: true },
  { metric: "gradNorm", title: "Gradient norm", description: "Global norm of the gradient before clipping.", fromZero: true },
  {
    metric: "loss",
    title: "Loss",
    description: "Coupled-GRPO objective, to be minimised; its level says little, the reward is what counts.",
    fromZero: false,
  },
];

/** One small chart per metric, and all numbers as a table. */
export function curvesView(iterations: readonly IterationMetrics[]): Html {
  if (iterations.length === 0) return html`<p class="muted">No iteration was recorded.</p>`;
  const x = iterations.map((iteration) => iteration.step);
  const known = curves.filter(({ metric }) => iterations.some((iteration) => Number.isFinite(iteration[metric]))); // no KL without a reference
  const columns: readonly { metric: keyof IterationMetrics; title: string }[] = [
    { metric: "step", title: "Iteration" },
    ...known.map(({ metric, title }) => ({ metric, title })),
    { metric: "secondsPerIteration", title: "Seconds" },
  ];
  return html`<div class="charts">
      ${known.map(({ metric, ...chart }) => lineChart({ id: `curve-${metric}`, ...chart, xLabel: "iteration", x, y: iterations.map((iteration) => iteration[metric]) }))}
    </div>
    <details>
      <summary>The numbers as a table</summary>
      <div class="scroll tall">
        <table class="numbers">
          <thead>
            <tr>
              ${columns.map(({ title }) => html`<th scope="col">${title}</th>`)}
            </tr>
          </thead>
          <tbody>
            ${iterations.map(
              (iteration) =>
                html`<tr>
                  ${columns.map(({ metric }) => html`<td>${formatNumber(iteration[metric])}</td>`)}
                </tr>`,
            )}
          </tbody>
        </table>
      </div>
    </details>`;
}
