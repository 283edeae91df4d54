const levels = "▁▂▃▄▅▆▇█";

/** Figures as one character each; nothing is a space, and whatever is not 0 shows. */
export function sparkline(figures: readonly number[]): string {
  const most = Math.max(...figures);
  return figures
    .map((figure) =>
      figure <= 0
        ? " "
        : (levels[Math.min(levels.length - 1, Math.floor((figure / most) * levels.length))] ?? ""),
    )
    .join("");
}
