import { html, type Html } from "./html.ts";
import type { ReportExample, ReportVerdict } from "./report-data.ts";
import { revealView } from "./reveal.ts";

/** A task, what the model wrote, and how each test went. */
export function exampleView({ prompt, text, passed, verdicts, reveal }: ReportExample, index: number): Html {
  const right = verdicts.filter((verdict) => verdict.verdict === "passed").length;
  return html`<article class="card">
    <h3>
      Completion ${index + 1} <span class="badge ${passed ? "good" : "bad"}">${passed ? "✓ passed" : "✗ failed"}</span>
      <span class="muted">${right} of ${verdicts.length} tests</span>
    </h3>
    <div class="example">
      <div>
        <h4>Prompt</h4>
        <pre tabindex="0">${prompt}</pre>
        <h4>Completion</h4>
        <pre tabindex="0">${text === "" ? "(empty)" : text}</pre>
      </div>
      <div>
        <h4>Tests</h4>
        ${verdictTable(verdicts)}
      </div>
    </div>
    ${
      reveal === undefined
        ? null
        : html`<h4>The order in which it was revealed</h4>
            ${revealView(reveal, `reveal-${index}`)}`
    }
  </article>`;
}

function verdictTable(verdicts: readonly ReportVerdict[]): Html {
  if (verdicts.length === 0) return html`<p class="muted">None was run.</p>`;
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
