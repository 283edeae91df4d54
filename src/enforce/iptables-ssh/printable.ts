/** One line that a host said, safe to show on a terminal: control characters and those that turn text around become `�`. */
export function printable(text: string): string {
  return text
    .toWellFormed()
    .replaceAll("\t", " ")
    .replace(/[\p{C}\p{Zl}\p{Zp}]/gu, "\ufffd");
}
