import { withoutFence } from "../code-text.ts";
import { facts } from "../store.ts";
import type { Run } from "../run.ts";

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
      return status.message + helpWith(status.code, status.message);
    case "done":
      return doneText(run);
  }
}

/** The way out of what a visitor meets first. */
function helpWith(code: string | null, message: string): string {
  const isLong = code === "invalid_value" && /\btokens\b/.test(message);
  return isLong && (facts.value?.tasks.length ?? 0) > 0
    ? " The model reads short requests only: pick one of those under “What the model knows”."
    : "";
}

function doneText(run: Run): string {
  const { completion_tokens: tokens, forward_passes: passes, seconds } = run.recording.value!.done!;
  return `Done: ${tokens} tokens in ${passes} forward passes, ${seconds.toFixed(2)} seconds.`;
}

/** What should be known of a finished answer. */
export function Remark({ run }: { run: Run }) {
  return (
    <p class="remark" role="status">
      {remarkOn(run)}
    </p>
  );
}

function remarkOn(run: Run): string {
  const { done } = run.recording.value ?? {};
  if (done === undefined) return "";
  if (withoutFence(done.text).trim() === "")
    return "The model wrote nothing: it does not know this. Pick one of the requests under “What the model knows”.";
  return done.finish_reason === "length" ? "The answer fills the canvas and may be cut off." : "";
}
