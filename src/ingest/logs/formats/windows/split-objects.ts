const mostKept = 1024 * 1024;

/** Cuts a stream of JSON into its outermost objects, wherever lines end; what is around them (`[`, `,`) is left out. */
export function createObjectSplitter(found: (text: string) => void): { add(text: string): void } {
  let kept = "";
  let depth = 0;
  let isText = false;
  let isEscaped = false;

  const stepInText = (code: number): void => {
    if (isEscaped) {
      isEscaped = false;
    } else if (code === backslash) {
      isEscaped = true;
    } else {
      isText = code !== quote;
    }
  };
  const step = (code: number): void => {
    if (isText) {
      stepInText(code);
    } else if (code === quote) {
      isText = depth > 0;
    } else if (code === open) {
      depth += 1;
    } else if (code === close) {
      depth = Math.max(0, depth - 1);
    }
  };
  const reset = (): void => {
    kept = "";
    depth = 0;
    isText = false;
    isEscaped = false;
  };

  /** Passes on what ends in this text. @returns where the object begins that does not; -1: none */
  const pass = (text: string): number => {
    let start = depth > 0 ? 0 : -1;
    for (let at = 0; at < text.length; at += 1) {
      const before = depth;
      step(text.charCodeAt(at));
      if (before === 0 && depth === 1) {
        start = at;
      } else if (before === 1 && depth === 0) {
        found(kept + text.slice(start, at + 1));
        kept = "";
        start = -1;
      }
    }
    return start;
  };

  return {
    add(text) {
      const start = pass(text);
      kept = start === -1 ? "" : kept + text.slice(start);
      // Too large, or a text that no JSON has: begin again with the next object.
      if (kept.length > mostKept || (isText && text.endsWith("\n"))) {
        reset();
      }
    },
  };
}

const [quote, backslash, open, close] = ['"', "\\", "{", "}"].map((text) => text.charCodeAt(0));
