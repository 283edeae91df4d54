/** The words of a rule: quotes hold words together and are left out. */
export function wordsOf(text: string): readonly string[] {
  const words = text.match(/"(?:\\.|[^"\\])*"|[^\s"]+/g) ?? [];
  return words.map((word) => (word.startsWith('"') ? word.slice(1, -1).replaceAll(/\\(.)/g, "$1") : word));
}
