import { asked, first, second } from "../store.ts";
import { withoutFence } from "../code-text.ts";
import type { Run } from "../run.ts";

/** Two runs side by side, once both are there. */
export function Comparison() {
  const runs = [first, second].map((run) => run.recording.value?.done);
  const [a, b] = runs;
  if (a === undefined || b === undefined || asked.value === undefined) return null;
  const row = (name: string, value: (run: Run) => string) => (
    <tr>
      <th scope="row">{name}</th>
      <td>{value(first)}</td>
      <td>{value(second)}</td>
    </tr>
  );
  const arNess = (run: Run, kind: "local" | "global"): string => {
    const share = run.recording.value!.done!.ar_ness[0]?.[kind];
    return share === undefined ? "–" : `${Math.round(100 * share)} %`;
  };
  return (
    <section class="card comparison" aria-labelledby="comparison-title">
      <h2 id="comparison-title">Side by side</h2>
      <table>
        <thead>
          <tr>
            <th scope="col">Order</th>
            <th scope="col">{asked.value.alg}</th>
            <th scope="col">{asked.value.otherAlg}</th>
          </tr>
        </thead>
        <tbody>
          {row("Forward passes", (run) => String(run.recording.value!.done!.forward_passes))}
          {row("Tokens", (run) => String(run.recording.value!.done!.completion_tokens))}
          {row("AR-ness@1, local", (run) => arNess(run, "local"))}
          {row("AR-ness@1, global", (run) => arNess(run, "global"))}
        </tbody>
      </table>
      <p class="hint">
        {withoutFence(a.text) === withoutFence(b.text) ? "Both wrote the same code." : "They wrote different code."} Both ran at the same time, so
        compare passes rather than seconds.
      </p>
    </section>
  );
}
