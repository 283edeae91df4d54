/** Keeps the beginning of a line until its end comes. */
export interface LineKeeper {
  readonly isOpen: boolean;
  keep(bytes: Buffer): void;
  close(): void;
}

export interface KeepOptions {
  /** Pass on what doesn't fit, and go on; else it is lost. */
  readonly inParts: boolean;
  /** Gets the line. @param isPart it goes on, or was cut here */
  readonly take: (bytes: Buffer, isPart: boolean) => void;
}

/** @param most bytes that are kept */
export function createLineKeeper(most: number, { inParts, take }: KeepOptions): LineKeeper {
  const kept = Buffer.allocUnsafe(most);
  let length = 0;
  let isOpen = false;
  let isCut = false;
  const passParts = (bytes: Buffer): Buffer => {
    let rest = bytes;
    while (length + rest.length > most) {
      rest = rest.subarray(rest.copy(kept, length));
      take(kept, true);
      length = 0;
    }
    return rest;
  };
  return {
    get isOpen() {
      return isOpen;
    },
    keep(bytes) {
      isOpen ||= bytes.length > 0;
      const rest = inParts ? passParts(bytes) : bytes;
      isCut ||= length + rest.length > most;
      length += rest.copy(kept, length);
    },
    close() {
      take(kept.subarray(0, length), isCut);
      length = 0;
      isOpen = false;
      isCut = false;
    },
  };
}
