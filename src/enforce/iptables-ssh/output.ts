/** Text that comes in pieces, asked for up to marks in it. */
export interface Output {
  /** @returns false when nothing more is taken: the host says more than it was asked for, and has to be cut off */
  push(piece: string): boolean;
  /** From now on every question is answered with this error. */
  fail(error: Error): void;
  /** Everything up to the end of the next `mark` that has not been returned yet. One question at a time, of 200 characters at most. */
  until(mark: string): Promise<string>;
}

const longestMark = 200;

/** What may come while nobody asks. A host that goes on talking must not fill the memory of the controller of all others. */
const maxIdleChars = 1024 * 1024;

/** An `Output` that fails with `tooMuch` when more than `maxChars` wait without the mark. */
export function createOutput(maxChars: number, tooMuch: () => Error): Output {
  let pieces: string[] = [];
  let length = 0;
  let tail = "";
  let isOverfull = false;
  let failure: Error | undefined;
  let asked: { mark: string; resolve: (text: string) => void; reject: (error: Error) => void } | undefined;

  const answer = (mark: string): string | undefined => {
    const text = pieces.join("");
    const at = text.indexOf(mark);
    pieces = [at < 0 ? text : text.slice(at + mark.length)];
    length = pieces[0]?.length ?? 0;
    return at < 0 ? undefined : text.slice(0, at + mark.length);
  };
  const settle = (): void => {
    const text = asked === undefined ? undefined : answer(asked.mark);
    if (text !== undefined) {
      asked?.resolve(text);
      asked = undefined;
    } else if (failure !== undefined) {
      asked?.reject(failure);
      asked = undefined;
    }
  };
  const fail = (error: Error): void => {
    failure ??= error;
    settle();
  };
  return {
    push(piece) {
      if (isOverfull) {
        return false;
      }
      const recent = tail + piece;
      tail = recent.slice(-longestMark);
      pieces.push(piece);
      length += piece.length;
      // Only then is it worth joining what may be megabytes.
      if (asked !== undefined && recent.includes(asked.mark)) {
        settle();
      }
      if (length > (asked === undefined ? Math.min(maxIdleChars, maxChars) : maxChars)) {
        isOverfull = true;
        pieces = [];
        fail(tooMuch());
      }
      return !isOverfull;
    },
    fail,
    until(mark) {
      return new Promise((resolve, reject) => {
        asked = { mark, resolve, reject };
        settle();
      });
    },
  };
}
