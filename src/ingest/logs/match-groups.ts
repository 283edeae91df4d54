/** The groups of a match by their number, empty when a group took no part; undefined when the text has another form. */
export function matchGroups(form: RegExp, text: string): ((group: number) => string) | undefined {
  const found = form.exec(text);
  return found === null ? undefined : (group) => found[group] ?? "";
}
