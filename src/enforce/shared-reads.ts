/**
 * Lets callers at the same time share one read. A caller never gets what was read before it asked: while a read runs, those
 * who come share the next one.
 */
export function createSharedReads<T>(read: () => Promise<T>): () => Promise<T> {
  let running: Promise<unknown> = Promise.resolve();
  let next: Promise<T> | undefined;
  return () => {
    next ??= (async () => {
      // Whether it failed is the business of those who asked for it.
      await running.catch(() => undefined);
      const reading = read();
      running = reading;
      next = undefined;
      return reading;
    })();
    return next;
  };
}
