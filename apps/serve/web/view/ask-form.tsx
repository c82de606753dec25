import { change, facts, forget, generate, isBusy, settings, stop, strangeWords, turns } from "../store.ts";
import type { Mode } from "../settings.ts";
import { bringResultsIntoView } from "./results-in-view.ts";
import { SettingsFields } from "./settings-fields.tsx";
import { TaskList } from "./task-list.tsx";

const MODES: readonly (readonly [Mode, string])[] = [
  ["write", "Write"],
  ["chat", "Chat"],
  ["fill", "Fill in"],
];

export function AskForm() {
  const { mode } = settings.value;
  return (
    <form
      class="card ask"
      onSubmit={(event) => {
        event.preventDefault();
        void generate();
        bringResultsIntoView();
      }}
    >
      <fieldset class="modes">
        <legend class="hidden">What to do</legend>
        {MODES.map(([value, label]) => (
          <label key={value}>
            <input type="radio" name="mode" value={value} checked={mode === value} onChange={() => change({ mode: value })} />
            <span>{label}</span>
          </label>
        ))}
      </fieldset>
      {mode === "chat" && <Turns />}
      {mode === "fill" && <Template />}
      <Prompt />
      <div class="actions">
        <button class="primary" type="submit">
          Generate
        </button>
        <button type="button" onClick={stop} disabled={!isBusy.value}>
          Stop
        </button>
      </div>
      {mode !== "fill" && <Known />}
      <SettingsFields />
    </form>
  );
}

const LABELS: Record<Mode, string> = {
  write: "What should the function do?",
  chat: "Your message",
  fill: "What should the code do? (may be empty)",
};

function Prompt() {
  const { mode, prompt } = settings.value;
  const limit = facts.value && `At most ${facts.value.prompt_length} tokens, the chat template's among them: a sentence or two. `;
  return (
    <div class="field">
      <label for="prompt">{LABELS[mode]}</label>
      <textarea
        id="prompt"
        rows={3}
        required={mode !== "fill"}
        maxLength={4000}
        spellcheck={false}
        aria-describedby="prompt-hint"
        value={prompt}
        onInput={(event) => change({ prompt: event.currentTarget.value })}
        onKeyDown={(event) => {
          if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) event.currentTarget.form?.requestSubmit();
        }}
      />
      <span id="prompt-hint" class="hint">
        {limit}Ctrl + Enter generates.
      </span>
    </div>
  );
}

function Turns() {
  return (
    <div class="turns">
      {turns.value.map(({ role, content }, i) => (
        <div key={i} class={`turn ${role}`}>
          <span class="who">{role === "user" ? "You" : "Model"}</span>
          <pre>{content === "" ? "(nothing)" : content}</pre>
        </div>
      ))}
      {turns.value.length > 0 && (
        <button type="button" class="quiet" onClick={forget}>
          Start again
        </button>
      )}
    </div>
  );
}

const MARK = "<|hole:8|>";

function Template() {
  const { template } = settings.value;
  return (
    <div class="field">
      <label for="template">Code with holes</label>
      <textarea
        id="template"
        class="code"
        rows={6}
        maxLength={4000}
        spellcheck={false}
        aria-describedby="template-hint"
        value={template}
        onInput={(event) => change({ template: event.currentTarget.value })}
      />
      <span id="template-hint" class="hint">
        <code>{MARK}</code> is a hole of 8 masks.
      </span>
      <button
        type="button"
        class="quiet"
        onClick={() => {
          const area = document.querySelector<HTMLTextAreaElement>("#template")!;
          area.setRangeText(MARK, area.selectionStart, area.selectionEnd, "end");
          change({ template: area.value });
          area.focus();
        }}
      >
        Put a hole at the cursor
      </button>
    </div>
  );
}

/** What the model knows, and tasks that are like the prompt. */
function Known() {
  const { scope = null, tasks = [] } = facts.value ?? {};
  if (scope === null && tasks.length === 0) return null;
  const words = strangeWords.value;
  return (
    <section class="known" aria-labelledby="known-title">
      <h2 id="known-title">What the model knows</h2>
      {scope !== null && <p class="hint">{scope}</p>}
      <p class="hint strange" aria-live="polite">
        {words.length > 0 && `No request in its training has ${listOf(words)}: expect something else, or nothing.`}
      </p>
      <TaskList />
    </section>
  );
}

const SHOWN_WORDS = 5;

function listOf(words: readonly string[]): string {
  const quoted = words.slice(0, SHOWN_WORDS).map((word) => `“${word}”`);
  if (words.length > SHOWN_WORDS) return `${quoted.join(", ")} and ${words.length - SHOWN_WORDS} more of these words`;
  return quoted.length < 2 ? quoted.join("") : `${quoted.slice(0, -1).join(", ")} or ${quoted.at(-1)}`;
}
