/** The same text with memory of its own: a part of a text keeps the whole of it in memory, here a whole line or more. */
export function ownText(text: string): string {
  return Buffer.from(text, "utf8").toString("utf8");
}
