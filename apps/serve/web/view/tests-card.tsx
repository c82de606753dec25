import { facts, first, task, testAnswer, tests } from "../store.ts";
import type { TestReport } from "../../src/playground-facts.ts";

/** The tests of the task that was asked for, run on the answer. */
export function TestsCard() {
  const known = facts.value;
  if (known === undefined || known.tasks.length === 0) return null;
  const state = tests.value;
  const why = whyNot();
  return (
    <section class="card tests" aria-labelledby="tests-title">
      <div class="bar">
        <h2 id="tests-title">Tests</h2>
        <button type="button" disabled={why !== undefined || state.kind === "running"} onClick={() => void testAnswer()}>
          {state.kind === "running" ? "Running the tests" : "Run the tests"}
        </button>
      </div>
      <div role="status">
        {why !== undefined && <p class="hint">{why}</p>}
        {state.kind === "failed" && <p class="status error">{state.message}</p>}
        {state.kind === "done" && <Summary report={state.report} />}
      </div>
      {state.kind === "done" && <Verdicts report={state.report} />}
    </section>
  );
}

/** Why the tests cannot run now; undefined: they can. */
function whyNot(): string | undefined {
  const { tests: allowed } = facts.value!;
  if (!allowed.available) return allowed.reason;
  if (first.status.value.kind !== "done") return "Tests run on a finished answer to one of the tasks under “What the model knows”.";
  return task.value === undefined ? "There are no tests for this prompt: it is not one of the tasks under “What the model knows”." : undefined;
}

function Summary({ report: { verdicts, parses, isolation } }: { report: TestReport }) {
  const passed = verdicts.filter(({ verdict }) => verdict === "pass").length;
  return (
    <>
      <p class={passed === verdicts.length ? "verdict good" : "verdict bad"}>
        {passed} of {verdicts.length} tests pass{parses ? "." : ": the code does not parse."}
      </p>
      <p class="hint">Ran on the server, isolated by {isolation.description}.</p>
    </>
  );
}

function Verdicts({ report: { verdicts } }: { report: TestReport }) {
  return (
    <div class="scroll" tabIndex={0} role="region" aria-label="Verdicts">
      <table>
        <thead>
          <tr>
            <th scope="col">Verdict</th>
            <th scope="col">Call</th>
            <th scope="col">Expected</th>
            <th scope="col">Got</th>
          </tr>
        </thead>
        <tbody>
          {verdicts.map(({ verdict, call, expected, got }, i) => (
            <tr key={i} class={verdict === "pass" ? "good" : "bad"}>
              <td>{verdict === "pass" ? "✓ pass" : `✗ ${verdict}`}</td>
              <td>
                <code>{call}</code>
              </td>
              <td>
                <code>{expected}</code>
              </td>
              <td>
                <code>{got}</code>
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
