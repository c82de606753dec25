import { html, type Html } from "./html.ts";
import type { ReportAttempt, ReportExample, ReportVerdict } from "./report-data.ts";
import { revealView } from "./reveal.ts";

/** A task, what the models wrote for it, in which order, and how each test went. */
export function exampleView({ prompt, before, reveal, ...after }: ReportExample, index: number): Html {
  return html`<article class="card">
    <h3>Task ${index + 1}</h3>
    <h4>Prompt</h4>
    <pre tabindex="0">${prompt}</pre>
    <div class="example">${before === undefined ? null : attemptView(before, "Before training")}${attemptView(after, "After training")}</div>
    ${
      reveal === undefined
        ? null
        : html`<h4>The order in which the trained model revealed it</h4>
            ${revealView(reveal, `reveal-${index}`)}`
    }
  </article>`;
}

/** The tests are folded away: there may be many, and the code says more. */
function attemptView({ text, passed, verdicts }: ReportAttempt, title: string): Html {
  const right = verdicts.filter((verdict) => verdict.verdict === "passed").length;
  return html`<div>
    <h4>${title} <span class="badge ${passed ? "good" : "bad"}">${passed ? "✓ passed" : "✗ failed"}</span></h4>
    <pre tabindex="0">${text === "" ? "(empty)" : text}</pre>
    ${
      verdicts.length === 0
        ? html`<p class="muted">No test was run.</p>`
        : html`<details>
            <summary>${right} of ${verdicts.length} tests passed</summary>
            ${verdictTable(verdicts)}
          </details>`
    }
  </div>`;
}

function verdictTable(verdicts: readonly ReportVerdict[]): Html {
  return html`<table class="stack">
    <thead>
      <tr>
        <th>Input</th>
        <th>Expected</th>
        <th>Got</th>
        <th>Verdict</th>
      </tr>
    </thead>
    <tbody>
      ${verdicts.map(({ args, expected, got, verdict }) => {
        const good = verdict === "passed";
        return html`<tr>
          <td data-label="Input"><code>${args}</code></td>
          <td data-label="Expected"><code>${expected}</code></td>
          <td data-label="Got"><code>${got}</code></td>
          <td data-label="Verdict" class="${good ? "good" : "bad"}">${good ? "✓" : "✗"} ${verdict}</td>
        </tr>`;
      })}
    </tbody>
  </table>`;
}
