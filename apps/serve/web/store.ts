// The state of the page. Views read it, and call what is here to change it.
import { batch, computed, effect, signal } from "@preact/signals";
import type { PlaygroundFacts, TestReport } from "../src/playground-facts.ts";
import { withoutFence } from "./code-text.ts";
import { unknownWords } from "./knowledge.ts";
import { fromFragment, toFragment } from "./permalink.ts";
import { Run } from "./run.ts";
import { playgroundFacts, runTests, ServerError } from "./server.ts";
import { otherOf, requestOf, type Settings, type Turn } from "./settings.ts";

const FIRST: Settings = {
  mode: "write",
  prompt: "",
  template: "```python\ndef f(xs):\n    return sum([n for n in xs<|hole:8|>])\n```\n",
  compare: false,
  alg: "entropy",
  temperature: 0,
  steps: 64,
  threshold: 0.9,
  cache: "none",
  constraint: "none",
  pattern: "return [a-z]+\\(xs\\)",
  schema: '{ "type": "array", "items": { "type": "integer" } }',
  seed: "",
  otherAlg: "autoregressive",
  otherThreshold: 0.9,
};

export type Tests = { kind: "none" } | { kind: "running" } | { kind: "failed"; message: string } | { kind: "done"; report: TestReport };

export const facts = signal<PlaygroundFacts | undefined>(undefined);
/** Why there are no facts. */
export const offline = signal<string | undefined>(undefined);
export const defaults = signal(FIRST);
export const settings = signal(FIRST);
export const turns = signal<readonly Turn[]>([]);
export const colorBy = signal<"pass" | "confidence">("pass");
export const speed = signal(12);
export const first = new Run(speed);
export const second = new Run(speed);
export const tests = signal<Tests>({ kind: "none" });
/** Set by an action, for those who listen. */
export const notice = signal("");
/** What was asked for the answer on display, which the form may have left since. */
export const asked = signal<Settings | undefined>(undefined);

export const isBusy = computed(() => first.isBusy.value || second.isBusy.value);

/** The task of the answer on display, if its prompt is one's. */
export const task = computed(() => {
  const { mode, prompt } = asked.value ?? { mode: "chat", prompt: "" };
  return mode === "write" ? facts.value?.tasks.find((one) => one.prompt === prompt.trim()) : undefined;
});

const knownWords = computed(() => new Set(facts.value?.words));

/** Words of the prompt that training never had; none where nobody knows what it had. */
export const strangeWords = computed(() => (knownWords.value.size === 0 ? [] : unknownWords(settings.value.prompt, knownWords.value)));

export function change(some: Partial<Settings>): void {
  settings.value = { ...settings.value, ...some };
}

export async function generate(): Promise<void> {
  const now = settings.value;
  batch(() => {
    asked.value = now;
    tests.value = { kind: "none" };
    notice.value = "";
    second.clear();
  });
  const running = first.start(requestOf(now, turns.value));
  if (now.compare && now.mode !== "chat") void second.start(requestOf(otherOf(now)));
  const done = await running;
  if (now.mode !== "chat" || done === undefined) return;
  turns.value = [...turns.value, { role: "user", content: now.prompt.trim() }, { role: "assistant", content: done.text }];
  change({ prompt: "" });
}

export function stop(): void {
  first.stop();
  second.stop();
}

/** Nothing of a conversation stays. */
export function forget(): void {
  turns.value = [];
  first.clear();
}

export function ask(prompt: string): void {
  change({ mode: "write", prompt });
  void generate();
}

export async function testAnswer(): Promise<void> {
  const { done } = first.recording.value ?? {};
  if (task.value === undefined || done === undefined) return;
  tests.value = { kind: "running" };
  const own = asked.value;
  let result: Tests;
  try {
    result = { kind: "done", report: await runTests({ task: task.value.id, code: withoutFence(done.text) }, AbortSignal.timeout(60_000)) };
  } catch (error) {
    result = { kind: "failed", message: error instanceof ServerError ? error.message : "The tests took too long." };
  }
  if (asked.value === own) tests.value = result;
}

/** @param link the address that gives this page and its settings again, with the seed of the answer on display */
export function permalink(): string {
  const { seed } = first.recording.value?.layout ?? {};
  const now = seed === undefined || settings.value.seed !== "" ? settings.value : { ...settings.value, seed: String(seed) };
  return `${location.origin}${location.pathname}#${toFragment(now, defaults.value)}`;
}

/** The model's own settings become the defaults, under what the address says. */
export async function load(): Promise<void> {
  offline.value = undefined;
  try {
    const known = await playgroundFacts();
    const { alg, temperature, steps, tasks } = known;
    batch(() => {
      facts.value = known;
      defaults.value = { ...FIRST, alg, temperature, steps, prompt: tasks[0]?.prompt ?? "" };
      settings.value = fromFragment(location.hash, defaults.value);
    });
    addEventListener("hashchange", () => (settings.value = fromFragment(location.hash, defaults.value)));
    effect(() => {
      const fragment = toFragment(settings.value, defaults.value);
      history.replaceState(null, "", fragment === "" ? location.pathname : `#${fragment}`);
    });
  } catch (error) {
    offline.value = error instanceof ServerError ? error.message : String(error);
  }
}
