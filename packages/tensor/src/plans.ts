// The plans of a compiled function, by signature: as many as it may keep, the least recently used of which goes first.

interface Entry<Plan> {
  plan: Promise<Plan>;
  /** Calls that compile it, or run it. */
  users: number;
  /** No longer kept; disposed of when nobody uses it any more. */
  dropped: boolean;
}

export class Plans<Plan extends { dispose(): void }> {
  readonly #most: number;
  /** In the order of their last use. */
  readonly #entries = new Map<string, Entry<Plan>>();

  /** @param most plans that are kept; more only while all of them are used at once */
  constructor(most: number) {
    this.#most = most;
  }

  get size(): number {
    return this.#entries.size;
  }

  /** Runs with the plan of a signature, which is made if there is none. */
  async use<Result>(signature: string, { make, run }: { make: () => Promise<Plan>; run: (plan: Plan) => Promise<Result> }): Promise<Result> {
    const entry = this.#entries.get(signature) ?? { plan: make(), users: 0, dropped: false };
    this.#entries.delete(signature);
    this.#entries.set(signature, entry);
    entry.users++;
    this.#trim();
    try {
      const plan = await entry.plan.catch((error: unknown) => {
        if (this.#entries.get(signature) === entry) this.#entries.delete(signature);
        throw error;
      });
      return await run(plan);
    } finally {
      entry.users--;
      if (entry.dropped) this.#disposeUnused(entry);
      this.#trim();
    }
  }

  /** Drops them all; those that are used are disposed of afterwards. */
  clear(): void {
    for (const signature of this.#entries.keys()) this.#drop(signature);
  }

  #trim(): void {
    for (const [signature, { users }] of this.#entries) {
      if (this.#entries.size <= this.#most) return;
      if (users === 0) this.#drop(signature);
    }
  }

  #drop(signature: string): void {
    const entry = this.#entries.get(signature)!;
    this.#entries.delete(signature);
    entry.dropped = true;
    this.#disposeUnused(entry);
  }

  #disposeUnused({ users, plan }: Entry<Plan>): void {
    if (users > 0) return;
    void plan.then(
      (made) => made.dispose(),
      () => {},
    );
  }
}
