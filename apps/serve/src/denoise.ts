// The diffusion view of a generation or an infilling: a layout, a reveal for each step, the result.
import { decodingOrder, globalArNess, localArNess, randomGlobalArNess } from "@diffucoder/analysis";
import type { DenoiseTrace, GenerationEvent, Infilling, InfillLayout, InfillReveal, Reveal } from "diffucoder";
import type { ApiError } from "./api-error.ts";
import type { ArNess, DoneData, LayoutData, RevealData } from "./denoise-events.ts";
import { message } from "./event-stream.ts";

/** An event before it is sent. */
export type DenoiseEvent = { type: "layout"; data: LayoutData } | { type: "reveal"; data: RevealData } | { type: "done"; data: DoneData };

/** Events as messages of a stream, numbered from `firstId`; a failure becomes the last one, in OpenAI's error form. */
export async function* denoiseMessages(
  events: AsyncGenerator<DenoiseEvent>,
  { firstId, report }: { firstId: number; report: (error: unknown) => ApiError },
): AsyncGenerator<string> {
  let id = firstId;
  try {
    for await (const { type, data } of events) yield message(data, { event: type, id: id++ });
  } catch (error) {
    yield message(report(error).body, { event: "error", id });
  }
}

/** The events of a generation. */
export async function* generationEvents(events: AsyncIterable<GenerationEvent>): AsyncGenerator<DenoiseEvent> {
  for await (const event of events) {
    if (event.type === "layout") {
      const { promptTokens, completionLength, steps, alg, temperature, topP, seed } = event;
      const cells = Array.from({ length: completionLength }, () => null);
      yield { type: "layout", data: layoutData({ promptTokens, cells, steps, alg, temperature, topP, seed }) };
    } else if (event.type === "reveal") yield { type: "reveal", data: revealData(event) };
    else {
      const { text, finishReason, completionTokens, forwardPasses, seconds, trace } = event.generation;
      const counts = { completion_tokens: completionTokens, forward_passes: forwardPasses, seconds };
      yield { type: "done", data: { text, finish_reason: finishReason, ...counts, ar_ness: arNessOf(trace) } };
    }
  }
}

/** The events of an infilling, which tells its steps by a callback. */
export async function* infillEvents(
  layout: InfillLayout,
  run: (onStep: (step: InfillReveal) => void) => Promise<Infilling>,
): AsyncGenerator<DenoiseEvent> {
  yield { type: "layout", data: layoutData(layout) };
  const steps: InfillReveal[] = [];
  let wake = (): void => {};
  let result: Infilling | undefined;
  const running = run((step) => {
    steps.push(step);
    wake();
  }).then((infilling) => (result = infilling));
  running.catch(() => {}); // whoever reads on gets the rejection; whoever has left must not end the process with it
  for (;;) {
    const stepped = new Promise<void>((resolve) => (wake = resolve));
    for (const step of steps.splice(0)) yield { type: "reveal", data: revealData(step) };
    if (result !== undefined) break;
    if (steps.length === 0) await Promise.race([stepped, running]);
  }
  const { text, completionTokens, forwardPasses, seconds, trace } = result;
  const counts = { completion_tokens: completionTokens, forward_passes: forwardPasses, seconds };
  yield { type: "done", data: { text, finish_reason: "stop", ...counts, ar_ness: arNessOf(trace) } };
}

function layoutData({ promptTokens, cells, steps, alg, temperature, topP, seed }: InfillLayout): LayoutData {
  const masks = cells.filter((cell) => cell === null).length;
  return { prompt_tokens: promptTokens, cells, completion_length: masks, steps, alg, temperature, top_p: topP, seed };
}

function revealData({ step, positions, texts, confidence, entropy, edited, filled, remasked, forwardPasses, provisional }: Reveal): RevealData {
  return {
    step,
    positions,
    texts,
    confidence,
    entropy,
    edited,
    filled,
    remasked,
    forward_passes: forwardPasses,
    ...(provisional && { provisional }),
  };
}

const KS = [1, 2, 4];

/** None for a run that revealed nothing. */
export function arNessOf(trace: DenoiseTrace): ArNess[] {
  const order = decodingOrder(trace, { region: "answer" });
  if (order.steps.length === 0) return [];
  const { length } = order;
  return KS.map((k) => ({ k, local: localArNess(order, { k }), global: globalArNess(order, { k }), random: randomGlobalArNess({ length, k }) }));
}
