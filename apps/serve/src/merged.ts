/** Events of several generators as they come. Those that are left end when the reader leaves, or when one of them fails. */
export async function* merged<E>(sources: readonly AsyncGenerator<E>[]): AsyncGenerator<E> {
  const next = async (source: AsyncGenerator<E>) => ({ source, result: await source.next() });
  const pending = new Map(sources.map((source) => [source, next(source)]));
  try {
    while (pending.size > 0) {
      const { source, result } = await Promise.race(pending.values());
      if (result.done === true) pending.delete(source);
      else {
        pending.set(source, next(source));
        yield result.value;
      }
    }
  } finally {
    for (const [source, waiting] of pending) {
      waiting.catch(() => {}); // the first failure is the one that the reader gets
      void source.return(undefined).catch(() => {});
    }
  }
}
