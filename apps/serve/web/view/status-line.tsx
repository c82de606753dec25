import { withoutFence } from "../code-text.ts";
import type { Run } from "../run.ts";
import { TaskList } from "./task-list.tsx";

export function StatusLine({ run }: { run: Run }) {
  const isError = run.status.value.kind === "failed";
  return (
    <p class={isError ? "status error" : "status"} role="status">
      {textOf(run)}
    </p>
  );
}

function textOf(run: Run): string {
  const status = run.status.value;
  switch (status.kind) {
    case "idle":
      return "Nothing generated yet.";
    case "waiting":
      return status.ahead === undefined
        ? "Waiting for the model."
        : `Waiting: ${status.ahead} ${status.ahead === 1 ? "request is" : "requests are"} in front.`;
    case "running": {
      const { completion_length: masks, steps } = run.recording.value!.layout;
      return `Denoising ${masks} positions in at most ${steps} steps.`;
    }
    case "stopped":
      return "Stopped.";
    case "failed":
      return status.message;
    case "done":
      return doneText(run);
  }
}

function doneText(run: Run): string {
  const { completion_tokens: tokens, forward_passes: passes, seconds } = run.recording.value!.done!;
  return `Done: ${tokens} tokens in ${passes} forward passes, ${seconds.toFixed(2)} seconds.`;
}

/** What to ask instead, where a run came to nothing. */
export function Instead({ run }: { run: Run }) {
  const status = run.status.value;
  const { done } = run.recording.value ?? {};
  const isNothing = done !== undefined && withoutFence(done.text).trim() === "";
  const isRefused = status.kind === "failed" && status.code === "invalid_value";
  if (!isNothing && !isRefused) return null;
  return (
    <div class="instead">
      <p role="status">{isNothing ? "The model wrote nothing: it does not know this. " : ""}The model knows these:</p>
      <TaskList />
    </div>
  );
}

/** Whether the end of the answer may be missing. */
export function CutNote({ run }: { run: Run }) {
  const { done } = run.recording.value ?? {};
  return (
    <p class="hint" role="status">
      {done?.finish_reason === "length" && "The answer fills the canvas and may be cut off."}
    </p>
  );
}
