// One generation on the page: what arrived, how much of it is on display, and how it goes on.
import { computed, signal, type ReadonlySignal, type Signal } from "@preact/signals";
import type { DoneData, LayoutData, QueuedData, RevealData } from "../src/denoise-events.ts";
import { type Recording, withStep } from "./recording.ts";
import { denoise, errorOf, ServerError } from "./server.ts";

export type Status =
  | { kind: "idle" }
  | { kind: "waiting"; ahead: number | undefined }
  | { kind: "running" }
  | { kind: "done" }
  | { kind: "stopped" }
  | { kind: "failed"; message: string; code: string | null };

export class Run {
  readonly status: Signal<Status> = signal({ kind: "idle" });
  readonly recording: Signal<Recording | undefined> = signal(undefined);
  /** Steps on display. */
  readonly shown = signal(0);
  readonly isPlaying = signal(false);
  /** Steps a second while playing; 0: as fast as they come. */
  readonly speed: Signal<number>;
  readonly isBusy: ReadonlySignal<boolean> = computed(() => ["waiting", "running"].includes(this.status.value.kind));
  /** Whether the whole answer is there and on display. */
  readonly isComplete: ReadonlySignal<boolean> = computed(() => {
    const { done, steps } = this.recording.value ?? {};
    return done !== undefined && this.shown.value === steps?.length;
  });
  #request: AbortController | undefined;
  #timer: ReturnType<typeof setInterval> | undefined;

  constructor(speed: Signal<number>) {
    this.speed = speed;
  }

  /** Starts a generation in place of the one before, of which nothing stays. @returns its result, unless it failed or was stopped */
  async start(body: object): Promise<DoneData | undefined> {
    this.clear();
    const request = (this.#request = new AbortController());
    this.status.value = { kind: "waiting", ahead: undefined };
    try {
      for await (const { type, data } of denoise(body, request.signal)) {
        if (request.signal.aborted) return undefined;
        this.#receive(type, data);
      }
      const { done } = this.recording.value ?? {};
      if (done === undefined) throw new ServerError("The connection ended before the answer did.", "broken");
      this.status.value = { kind: "done" };
      return done;
    } catch (error) {
      if (this.#request !== request) return undefined; // another one has begun
      if (request.signal.aborted) this.status.value = { kind: "stopped" };
      else this.#fail(error);
      return undefined;
    }
  }

  stop(): void {
    this.#request?.abort();
  }

  clear(): void {
    this.#request?.abort();
    this.#request = undefined;
    this.pause();
    this.status.value = { kind: "idle" };
    this.recording.value = undefined;
    this.shown.value = 0;
  }

  show(steps: number): void {
    this.shown.value = steps;
  }

  play(): void {
    this.pause();
    this.isPlaying.value = true;
    const perSecond = this.speed.value;
    const tick = (): void => {
      const all = this.recording.value?.steps.length ?? 0;
      if (this.shown.value < all) this.show(perSecond === 0 ? all : this.shown.value + 1);
      else if (!this.isBusy.value) this.pause();
    };
    this.#timer = setInterval(tick, perSecond === 0 ? 16 : 1000 / perSecond);
    tick();
  }

  pause(): void {
    clearInterval(this.#timer);
    this.isPlaying.value = false;
  }

  #receive(type: string, data: unknown): void {
    const recording = this.recording.value;
    if (type === "queued") this.status.value = { kind: "waiting", ahead: (data as QueuedData).ahead };
    else if (type === "layout") {
      this.recording.value = { layout: data as LayoutData, steps: [], done: undefined };
      this.status.value = { kind: "running" };
      this.play();
    } else if (type === "reveal" && recording !== undefined) this.recording.value = withStep(recording, data as RevealData);
    else if (type === "done" && recording !== undefined) this.recording.value = { ...recording, done: data as DoneData };
    else if (type === "error") throw errorOf(data) ?? new ServerError("The generation failed.", null);
  }

  /** An answer that broke off is no answer: it goes. */
  #fail(error: unknown): void {
    this.clear();
    const { message, code } = error instanceof ServerError ? error : { message: String(error), code: null };
    this.status.value = { kind: "failed", message, code };
  }
}
