/** What long work reports while it runs. Packages emit these; apps decide what a person sees. */
export interface ProgressEvent {
  /** What is going on, e.g. `"pretrain"` or `"evaluate before"`. */
  phase: string;
  /** Units of work done so far. */
  step: number;
  /** Units of work in all. */
  total: number;
  /** What a unit of work is. @default a step, whatever that is */
  unit?: "byte";
  /** Figures of this step, e.g. `{ loss: 0.31, reward: 1.2 }`. */
  metrics?: Readonly<Record<string, number>>;
}

/** Called with each event, in order. What it throws ends the work. */
export type OnProgress = (event: ProgressEvent) => void;
