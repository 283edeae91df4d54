/** Deeper than anything that Splunk or a fork of its webhook sends. */
const mostDepth = 64;
/** Fields of one row, or of any other object. */
const mostKeys = 10_000;

const quote = 0x22;
const backslash = 0x5c;
const colon = 0x3a;
/** `[` and `{`, `]` and `}` differ in this bit alone. */
const curly = 0x20;
const open = 0x7b;
const close = 0x7d;

/**
 * Looks at a text before it is parsed: 5 MiB of brackets would become 360 MB of arrays. Says nothing of whether it is JSON.
 * @returns which bound it passes, or null
 */
export function findJsonExcess(bytes: Uint8Array): string | null {
  const keys = new Int32Array(mostDepth + 1);
  let depth = 0;
  for (let at = 0; at < bytes.length; at += 1) {
    const byte = bytes[at] ?? 0;
    if (byte === quote) {
      at = endOfText(bytes, at + 1);
    } else if (byte === colon) {
      const count = (keys[depth] ?? 0) + 1;
      keys[depth] = count;
      if (count > mostKeys) {
        return `an object has more than ${mostKeys} keys`;
      }
    } else {
      depth = depthAfter(byte, depth);
      if (depth > mostDepth) {
        return `it is nested more than ${mostDepth} deep`;
      }
      if ((byte | curly) === open) {
        keys[depth] = 0;
      }
    }
  }
  return null;
}

function depthAfter(byte: number, depth: number): number {
  if ((byte | curly) === open) {
    return depth + 1;
  }
  return (byte | curly) === close ? Math.max(0, depth - 1) : depth;
}

/** Where the quote is that ends a text. */
function endOfText(bytes: Uint8Array, start: number): number {
  let at = start;
  while (at < bytes.length && bytes[at] !== quote) {
    at += bytes[at] === backslash ? 2 : 1;
  }
  return at;
}
