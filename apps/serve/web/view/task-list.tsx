import { nearestTasks } from "../knowledge.ts";
import { ask, facts, settings } from "../store.ts";
import { bringResultsIntoView } from "./results-in-view.ts";

const SHOWN = 4;

/** Tasks of the model's test split that are like the prompt; one press asks for one. */
export function TaskList() {
  const near = nearestTasks(settings.value.prompt, facts.value?.tasks ?? [], SHOWN);
  if (near.length === 0) return null;
  return (
    <ul class="tasks" aria-label="Tasks of its test split">
      {near.map(({ id, prompt }) => (
        <li key={id}>
          <button
            type="button"
            onClick={() => {
              ask(prompt);
              bringResultsIntoView();
            }}
          >
            {prompt}
          </button>
        </li>
      ))}
    </ul>
  );
}
