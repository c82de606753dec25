// A step of coupled-GRPO over a queue, as events: the trainer offers the rollouts of this step and of those that may be sampled with older weights,
// takes results one after the other, offers rewards, trains, and publishes the next weights.
// Assumed: workers are alike and never fail, each does one group at a time; rewards go before rollouts; the trainer's network sends one copy of the
// weights after the other; an idle worker looks for work every 50 ms, and the trainer for results every 20 ms, as in the code.
import type { Random } from "@diffucoder/core";

/** What takes how long, seconds. */
export interface QueueTimes {
  /** Groups that were measured: one is drawn for each that is simulated. */
  rollouts: readonly number[];
  rewards: readonly number[];
  /** Training on a group. */
  train: number;
  /** Writing and hashing a version of the weights, by the trainer. */
  publish: number;
  /** Reading one, by a worker. */
  load: number;
  /** Sending it to one worker. */
  send: number;
  /** What the trainer does for a result, unless it computes it once more. */
  handle: number;
}

export interface SimulationOptions {
  times: QueueTimes;
  workers: number;
  /** Groups of a step. */
  groups: number;
  steps: number;
  /** How many versions old the weights of a step may be. */
  staleness: number;
  /** Share of the results that the trainer computes once more. */
  replay: number;
  random: Random;
}

export interface Simulated {
  seconds: number;
  groupsPerSecond: number;
  /** Share of the workers' time in which they work. */
  busy: number;
}

type Kind = "rewards" | "rollouts";
interface Piece {
  kind: Kind;
  step: number;
}

const WORKER_POLL = 0.05;
const TRAINER_POLL = 0.02;

export function simulateQueue(options: SimulationOptions): Simulated {
  const run = new Simulation(options);
  return run.toEnd();
}

class Simulation {
  readonly #options: SimulationOptions;
  readonly #events: { at: number; act: () => void }[] = [];
  readonly #waiting: Record<Kind, Piece[]> = { rewards: [], rollouts: [] };
  /** Version that each worker has, and those who have nothing to do. */
  readonly #versions: number[];
  #idle: number[];
  /** Results that are still to come, by kind and step. */
  readonly #missing = new Map<string, number>();
  #step = 0;
  /** The step whose results the trainer waits for: until its weights are published, none. */
  #collected = -1;
  #offered = 0;
  #now = 0;
  #worked = 0;
  #trainerFree = 0;
  #networkFree = 0;

  constructor(options: SimulationOptions) {
    this.#options = options;
    this.#versions = Array.from({ length: options.workers }, () => -1);
    this.#idle = this.#versions.map((_, worker) => worker);
  }

  toEnd(): Simulated {
    this.#beginStep();
    for (let event = this.#events.shift(); event !== undefined; event = this.#events.shift()) {
      this.#now = event.at;
      event.act();
    }
    const { workers, groups, steps } = this.#options;
    return { seconds: this.#now, groupsPerSecond: (groups * steps) / this.#now, busy: this.#worked / (workers * this.#now) };
  }

  #at(at: number, act: () => void): void {
    let [low, high] = [0, this.#events.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.#events[middle]!.at <= at) low = middle + 1;
      else high = middle;
    }
    this.#events.splice(low, 0, { at, act });
  }

  #beginStep(): void {
    const { steps, staleness, times } = this.#options;
    if (this.#step === steps) return;
    this.#at(this.#now + times.publish, () => {
      this.#collected = this.#step;
      for (; this.#offered < Math.min(steps, this.#step + staleness + 1); this.#offered++) this.#offer("rollouts", this.#offered);
      if (this.#missing.get(`rollouts ${this.#step}`) === 0) this.#have({ kind: "rollouts", step: this.#step });
    });
  }

  #offer(kind: Kind, step: number): void {
    const { groups, random } = this.#options;
    this.#missing.set(`${kind} ${step}`, groups);
    for (let i = 0; i < groups; i++) this.#waiting[kind].push({ kind, step });
    const idle = this.#idle;
    this.#idle = [];
    for (const worker of idle) this.#at(this.#now + WORKER_POLL * random.uniform(), () => this.#claim(worker));
  }

  #claim(worker: number): void {
    const { times, random, staleness } = this.#options;
    const piece = this.#waiting.rewards.pop() ?? this.#waiting.rollouts.shift();
    if (piece === undefined) return void this.#idle.push(worker);
    const recorded = times[piece.kind];
    const work = random.choice(recorded);
    const version = Math.max(0, piece.step - staleness);
    let begins = this.#now;
    if (piece.kind === "rollouts" && this.#versions[worker] !== version) {
      this.#versions[worker] = version;
      this.#networkFree = Math.max(this.#networkFree, this.#now) + times.send;
      begins = this.#networkFree + times.load;
    }
    this.#worked += work;
    this.#at(begins + work, () => {
      this.#take(piece, work);
      this.#claim(worker);
    });
  }

  /** The trainer takes results one by one; while it trains they wait. */
  #take(piece: Piece, work: number): void {
    const { replay, random, times } = this.#options;
    this.#trainerFree = Math.max(this.#trainerFree, this.#now) + (random.uniform() < replay ? work : times.handle);
    this.#at(this.#trainerFree, () => {
      const key = `${piece.kind} ${piece.step}`;
      this.#missing.set(key, this.#missing.get(key)! - 1);
      if (this.#missing.get(key) === 0 && piece.step === this.#collected) this.#have(piece);
    });
  }

  /** All results of a kind are there. */
  #have({ kind, step }: Piece): void {
    const { groups, times, random } = this.#options;
    const seen = this.#now + TRAINER_POLL * random.uniform();
    if (kind === "rollouts") return this.#at(seen, () => this.#offer("rewards", step));
    this.#trainerFree = Math.max(this.#trainerFree, seen) + groups * times.train;
    this.#at(this.#trainerFree, () => {
      this.#step++;
      this.#beginStep();
    });
  }
}
