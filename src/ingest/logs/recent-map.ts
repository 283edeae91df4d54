/** A map that forgets what was not used for the longest time. */
export interface RecentMap<K, V> {
  get(key: K): V | undefined;
  set(key: K, value: V): void;
  delete(key: K): void;
  values(): Iterable<V>;
  readonly size: number;
}

/**
 * A map of at most `most` entries, in constant time per call: when the younger half is full, the older half is forgotten.
 * (Taking the oldest of one `Map` again and again would walk over the holes that those before have left.)
 * @param forgotten gets each entry that makes room
 */
export function createRecentMap<K, V>(most: number, forgotten: (value: V) => void): RecentMap<K, V> {
  const half = Math.max(1, Math.floor(most / 2));
  let young = new Map<K, V>();
  let old = new Map<K, V>();

  const put = (key: K, value: V): void => {
    young.set(key, value);
    if (young.size > half) {
      for (const value of old.values()) {
        forgotten(value);
      }
      old = young;
      young = new Map();
    }
  };

  return {
    get(key) {
      const value = young.get(key);
      if (value !== undefined) {
        return value;
      }
      const older = old.get(key);
      if (older !== undefined) {
        old.delete(key);
        put(key, older);
      }
      return older;
    },
    set(key, value) {
      old.delete(key);
      put(key, value);
    },
    delete(key) {
      young.delete(key);
      old.delete(key);
    },
    *values() {
      yield* old.values();
      yield* young.values();
    },
    get size() {
      return young.size + old.size;
    },
  };
}
