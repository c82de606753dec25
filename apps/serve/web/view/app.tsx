import { asked, facts, first, isBusy, offline, second } from "../store.ts";
import { AskForm } from "./ask-form.tsx";
import { Comparison } from "./comparison.tsx";
import { KeyField } from "./key-field.tsx";
import { RunView } from "./run-view.tsx";
import { TestsCard } from "./tests-card.tsx";
import { Toolbar } from "./toolbar.tsx";
import { ThemeChoice } from "./theme-choice.tsx";

export function App() {
  const isCompared = asked.value?.compare === true && asked.value.mode !== "chat";
  return (
    <div class="shell">
      <header>
        <div class="brand">
          <h1>DiffuCoder</h1>
          {facts.value && <span class="model">{facts.value.model}</span>}
        </div>
        <ThemeChoice />
        <p>A diffusion model writes code in any order: every position starts masked, and each pass commits those it is surest of.</p>
      </header>
      <KeyField />
      {offline.value && (
        <p role="alert" class="card problem">
          {offline.value}
        </p>
      )}
      <main>
        <AskForm />
        <div class={isCompared ? "results compared" : "results"} aria-busy={isBusy.value}>
          <Toolbar />
          <RunView run={first} title={isCompared ? `First: ${asked.value!.alg}` : "Order of reveal"} name="first" />
          {isCompared && <RunView run={second} title={`Second: ${asked.value!.otherAlg}`} name="second" />}
          {isCompared && <Comparison />}
          <TestsCard />
        </div>
      </main>
    </div>
  );
}
