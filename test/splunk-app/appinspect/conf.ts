/** One `key = value` of a .conf file. Continued lines are joined with a line feed, as Splunk does. */
export interface Setting {
  readonly key: string;
  readonly value: string;
  /** Counted from 1. */
  readonly line: number;
}

export interface Stanza {
  /** Between the brackets; `default` for what stands above the first stanza. */
  readonly name: string;
  /** 0 for what stands above the first stanza. */
  readonly line: number;
  readonly settings: readonly Setting[];
}

export interface Conf {
  /** `default/app.conf` */
  readonly path: string;
  readonly stanzas: readonly Stanza[];
  readonly mistakes: readonly { readonly line: number; readonly text: string }[];
}

/** Reads Splunk's configuration format; mistakes are collected and what can be understood is kept. Source: AppInspect's parser, facts of its check_config_file_parsing. */
export function parseConf(path: string, text: string): Conf {
  const stanzas: { name: string; line: number; settings: Setting[] }[] = [];
  const mistakes: { line: number; text: string }[] = [];
  if (text.startsWith("\uFEFF")) {
    mistakes.push({ line: 1, text: "byte order mark" });
  }
  let current: (typeof stanzas)[number] | undefined;
  for (const { line, text: content } of logicalLines(text, mistakes)) {
    const stanza = /^\[([^\]]*)\]$/.exec(content)?.[1];
    if (stanza !== undefined) {
      if (stanzas.some(({ name }) => name === stanza)) {
        mistakes.push({ line, text: `stanza [${stanza}] a second time` });
      }
      current = { name: stanza, line, settings: [] };
      stanzas.push(current);
      continue;
    }
    const [, key, value] = /^([^=\s][^=]*?)\s*=\s*([\s\S]*)$/.exec(content) ?? [];
    if (key === undefined || value === undefined) {
      mistakes.push({ line, text: `neither stanza nor setting: ${content.slice(0, 60)}` });
      continue;
    }
    if (current === undefined) {
      current = { name: "default", line: 0, settings: [] };
      stanzas.push(current);
    }
    if (current.settings.some((setting) => setting.key === key)) {
      mistakes.push({ line, text: `${key} a second time in [${current.name}]` });
    }
    current.settings.push({ key, value, line });
  }
  return { path, stanzas, mistakes };
}

function logicalLines(text: string, mistakes: { line: number; text: string }[]) {
  const found: { line: number; text: string }[] = [];
  let open: { line: number; text: string } | undefined;
  const lines = text.replace(/^\uFEFF/, "").split("\n");
  for (const [index, raw] of lines.entries()) {
    const line = index + 1;
    if (/\\[ \t\r]+$/.test(raw)) {
      mistakes.push({ line, text: "blanks after the backslash that continues the line" });
    }
    if (open === undefined && /^\s*(?:#.*)?$/.test(raw)) {
      continue;
    }
    const isContinued = /\\\s*$/.test(raw);
    const part = isContinued ? raw.replace(/\\\s*$/, "") : raw.trimEnd();
    const whole =
      open === undefined
        ? { line, text: part.trimStart() }
        : { line: open.line, text: `${open.text}\n${part}` };
    open = isContinued ? whole : undefined;
    if (!isContinued) {
      found.push(whole);
    }
  }
  if (open !== undefined) {
    mistakes.push({ line: open.line, text: "the last line says that it is continued" });
    found.push(open);
  }
  return found;
}

/** The value of a setting, or undefined. */
export function valueIn(conf: Conf | undefined, stanza: string, key: string): string | undefined {
  return settingIn(conf, stanza, key)?.value;
}

export function settingIn(conf: Conf | undefined, stanza: string, key: string): Setting | undefined {
  return conf?.stanzas.find(({ name }) => name === stanza)?.settings.find((setting) => setting.key === key);
}
