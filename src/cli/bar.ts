/** A figure as a bar; the largest, `most`, is `length` long, and whatever is not 0 is at least one long. */
export function bar(figure: number, most: number, length = 12): string {
  return figure <= 0 || most <= 0
    ? ""
    : "▇".repeat(Math.min(length, Math.max(1, Math.round((length * figure) / most))));
}
