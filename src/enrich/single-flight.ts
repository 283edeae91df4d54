interface Flight<T> {
  readonly result: Promise<T>;
  readonly abandoned: AbortController;
  waiting: number;
}

/**
 * `work`, run once for all callers who want the same at the same time. It is told to stop when the last of them has left;
 * each caller gets the outcome, also one who has left.
 */
export function createSingleFlight<K, T>(
  work: (key: K, signal: AbortSignal) => Promise<T>,
): (key: K, signal: AbortSignal) => Promise<T> {
  const flights = new Map<K, Flight<T>>();

  const forget = (key: K, flight: Flight<T>): void => {
    if (flights.get(key) === flight) {
      flights.delete(key);
    }
  };

  const start = (key: K): Flight<T> => {
    const abandoned = new AbortController();
    const result = work(key, abandoned.signal).finally(() => {
      forget(key, flight);
    });
    const flight: Flight<T> = { result, abandoned, waiting: 0 };
    flights.set(key, flight);
    return flight;
  };

  return async (key, signal) => {
    const flight = flights.get(key) ?? start(key);
    flight.waiting += 1;
    const leave = (): void => {
      flight.waiting -= 1;
      if (flight.waiting === 0) {
        // Whoever comes now starts a new one instead of getting this one's end.
        forget(key, flight);
        flight.abandoned.abort();
      }
    };
    signal.addEventListener("abort", leave, { once: true });
    if (signal.aborted) {
      leave();
    }
    try {
      return await flight.result;
    } finally {
      signal.removeEventListener("abort", leave);
    }
  };
}
