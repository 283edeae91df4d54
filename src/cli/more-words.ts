/** The line under a list that goes on. @param shown how many stand above it */
export function moreWords(shown: number): string {
  return `… and more: --limit ${Math.min(999_999, 2 * shown)} shows more\n`;
}
