/** A test for a name in which `*` stands for any text. Not a regular expression: those can be made to take for ever. */
export function createPattern(pattern: string): (name: string) => boolean {
  const pieces = pattern.split("*");
  const [start = "", ...after] = pieces;
  const end = after.pop();
  if (end === undefined) {
    return (name) => name === pattern;
  }
  return (name) => {
    if (!name.startsWith(start) || !name.endsWith(end)) {
      return false;
    }
    let at = start.length;
    for (const piece of after) {
      const found = name.indexOf(piece, at);
      if (found < 0) {
        return false;
      }
      at = found + piece.length;
    }
    return at + end.length <= name.length;
  };
}
