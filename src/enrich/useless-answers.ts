import { mostFailures } from "./quota/breaker.ts";

/** The addresses about which a provider has refused to answer, or answered something unreadable, since its last good answer. */
export interface UselessAnswers {
  /**
   * One more. `isRepeat`: the same address did so before. `isEverybodys`: so many different ones did that it is the provider's fault,
   * and says nothing about this address.
   */
  readonly note: (about: string) => { readonly isRepeat: boolean; readonly isEverybodys: boolean };
  /** It has given a good answer. */
  readonly clear: () => void;
}

/** Of this process; more than are enough are not remembered. */
export function createUselessAnswers(): UselessAnswers {
  const addresses = new Set<string>();
  return {
    note(about) {
      const isRepeat = addresses.has(about);
      if (addresses.size < mostFailures) {
        addresses.add(about);
      }
      return { isRepeat, isEverybodys: addresses.size >= mostFailures };
    },
    clear() {
      addresses.clear();
    },
  };
}
