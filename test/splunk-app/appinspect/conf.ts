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

interface Mistake {
  readonly line: number;
  readonly text: string;
}

interface OpenStanza extends Stanza {
  readonly settings: Setting[];
}

/**
 * Reads Splunk's configuration format. Mistakes are collected, and what can be understood is kept.
 * Source: what AppInspect's check_config_file_parsing objects to.
 */
export function parseConf(path: string, text: string): Conf {
  const stanzas: OpenStanza[] = [];
  const mistakes: Mistake[] = [];
  if (text.startsWith("\uFEFF")) {
    mistakes.push({ line: 1, text: "byte order mark" });
  }
  for (const { line, text: content } of logicalLines(text, mistakes)) {
    const name = /^\[([^\]]*)\]$/.exec(content)?.[1];
    const mistake = name === undefined ? addSetting(stanzas, line, content) : addStanza(stanzas, line, name);
    mistakes.push(...(mistake === undefined ? [] : [{ line, text: mistake }]));
  }
  return { path, stanzas, mistakes };
}

function addStanza(stanzas: OpenStanza[], line: number, name: string): string | undefined {
  const isSecond = stanzas.some((stanza) => stanza.name === name);
  stanzas.push({ name, line, settings: [] });
  return isSecond ? `stanza [${name}] a second time` : undefined;
}

function addSetting(stanzas: OpenStanza[], line: number, content: string): string | undefined {
  const [, key, value] = /^([^=\s][^=]*?)\s*=\s*([\s\S]*)$/.exec(content) ?? [];
  if (key === undefined || value === undefined) {
    return `neither stanza nor setting: ${content.slice(0, 60)}`;
  }
  if (stanzas.length === 0) {
    addStanza(stanzas, 0, "default");
  }
  const stanza = stanzas.at(-1);
  const isSecond = stanza?.settings.some((setting) => setting.key === key) === true;
  stanza?.settings.push({ key, value, line });
  return isSecond ? `${key} a second time in [${stanza?.name}]` : undefined;
}

function logicalLines(text: string, mistakes: Mistake[]) {
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
