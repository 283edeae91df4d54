/** Control characters, and those that hide or turn around what stands beside them. */
const deceptive =
  // oxlint-disable-next-line no-control-regex -- control characters are what this is about
  /[\u0000-\u0008\u000b-\u001f\u007f-\u0084\u0086-\u009f\u00ad\u061c\u180e\u200b\u200e\u200f\u202a-\u202e\u2060-\u2064\u2066-\u206f\ufeff\ufff9-\ufffb\u{e0000}-\u{e007f}]/gu;

/** Text from outside on one line: line breaks become spaces, deceptive characters become `�`, the rest is cut after `most` characters. */
export function cleanText(text: string, most: number): string {
  // Beyond what can be shown, so that a huge text costs little.
  const start = text.slice(0, most * 4).toWellFormed();
  const line = start
    .replace(/[\t\n\v\f\r\u0085\u2028\u2029]+/g, " ")
    .replace(deceptive, "\ufffd")
    .trim();
  const characters = Array.from(line);
  const isCut = characters.length > most || text.length > most * 4;
  return isCut ? `${characters.slice(0, most).join("").trimEnd()} … (cut)` : line;
}
