/** Work that is done once for all who want the same at the same time. */
export interface SingleFlight<K, T> {
  /** Joins what is under way for this key, else starts `work`. It goes on when those who want it have left: it is paid for. */
  readonly join: (key: K, work: () => Promise<T>) => Promise<T>;
  /** Resolves when nothing is under way any more. Never rejects. */
  readonly settle: () => Promise<void>;
}

export function createSingleFlight<K, T>(): SingleFlight<K, T> {
  const flights = new Map<K, Promise<T>>();
  return {
    join(key, work) {
      const underWay = flights.get(key);
      if (underWay !== undefined) {
        return underWay;
      }
      const flight = work().finally(() => {
        flights.delete(key);
      });
      flights.set(key, flight);
      return flight;
    },
    async settle() {
      while (flights.size > 0) {
        await Promise.allSettled(flights.values());
      }
    },
  };
}
