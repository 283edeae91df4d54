/** What a .spec file declares: stanza (empty above the first) → settings, each with its type and whether it is explained. */
export interface SpecSetting {
  readonly stanza: string;
  readonly key: string;
  readonly type: string;
  readonly isExplained: boolean;
  readonly line: number;
}

export function parseSpec(text: string): readonly SpecSetting[] {
  const lines = text.split("\n");
  let stanza = "";
  return lines.flatMap((line, index) => {
    const name = /^\[([^\]]*)\]\s*$/.exec(line)?.[1];
    stanza = name ?? stanza;
    const [, key, type] = /^([^*#=[\s][^=]*?)\s*=\s*(.*)$/.exec(line) ?? [];
    if (key === undefined || type === undefined) {
      return [];
    }
    return [{ stanza, key, type, isExplained: lines[index + 1]?.startsWith("* ") === true, line: index + 1 }];
  });
}
