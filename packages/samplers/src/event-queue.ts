// Events on their way to a reader, who may be slow: the sender does not wait.

/** What was sent, in order, to be read once; then its end, or the error that ended it. */
export class EventQueue<Event> implements AsyncIterableIterator<Event> {
  readonly #events: Event[] = [];
  readonly #readers: PromiseWithResolvers<IteratorResult<Event>>[] = [];
  readonly #onReturn: () => void;
  #end: { error?: unknown } | undefined;

  /** @param onReturn called when the reader leaves before the end */
  constructor(onReturn: () => void) {
    this.#onReturn = onReturn;
  }

  get ended(): boolean {
    return this.#end !== undefined;
  }

  push(event: Event): void {
    if (this.#end !== undefined) return;
    const reader = this.#readers.shift();
    if (reader) reader.resolve({ done: false, value: event });
    else this.#events.push(event);
  }

  /** What was sent can still be read; then the iterator ends, or throws the error once. */
  end(end: { error?: unknown } = {}): void {
    if (this.#end !== undefined) return;
    this.#end = end;
    for (const reader of this.#readers.splice(0)) this.#settle(reader);
  }

  next(): Promise<IteratorResult<Event>> {
    const reader = withResolvers<IteratorResult<Event>>();
    if (this.#events.length > 0) reader.resolve({ done: false, value: this.#events.shift()! });
    else if (this.#end !== undefined) this.#settle(reader);
    else this.#readers.push(reader);
    return reader.promise;
  }

  return(): Promise<IteratorResult<Event>> {
    const left = !this.ended;
    this.#events.length = 0;
    this.#end = {};
    for (const reader of this.#readers.splice(0)) this.#settle(reader);
    if (left) this.#onReturn();
    return Promise.resolve({ done: true, value: undefined });
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  #settle({ resolve, reject }: PromiseWithResolvers<IteratorResult<Event>>): void {
    const end = this.#end!;
    this.#end = {};
    if ("error" in end) reject(end.error);
    else resolve({ done: true, value: undefined });
  }
}

interface PromiseWithResolvers<T> {
  promise: Promise<T>;
  resolve: (value: T) => void;
  reject: (error: unknown) => void;
}

/** `Promise.withResolvers`, which Node 20 has not. */
export function withResolvers<T>(): PromiseWithResolvers<T> {
  let [resolve, reject]: [(value: T) => void, (error: unknown) => void] = [() => {}, () => {}];
  const promise = new Promise<T>((onValue, onError) => ([resolve, reject] = [onValue, onError]));
  return { promise, resolve, reject };
}
