import type { App } from "./app-package.ts";
import type { Setting, Stanza } from "./conf.ts";

export interface Problem {
  /** Below the app's folder; empty when the package itself is meant. */
  readonly file: string;
  /** Counted from 1; 0 when no line is meant. */
  readonly line: number;
  readonly text: string;
}

export interface Rule {
  /** AppInspect's own name; rules of this project begin with `portcullis_`. */
  readonly name: string;
  /** What AppInspect makes of it. This project's package has neither. */
  readonly severity: "failure" | "warning";
  readonly check: (app: App) => readonly Problem[];
}

export function rule(name: string, severity: Rule["severity"], check: Rule["check"]): Rule {
  return { name, severity, check };
}

export function problem(file: string, text: string, line = 0): Problem {
  return { file, line, text };
}

/** Problems with the stanzas of `default/<name>.conf`; none when there is no such file. */
export function eachStanza(app: App, name: string, check: (stanza: Stanza) => readonly string[]): Problem[] {
  const conf = app.conf(name);
  return (conf?.stanzas ?? []).flatMap((stanza) =>
    check(stanza).map((text) => problem(`default/${name}.conf`, `[${stanza.name}] ${text}`, stanza.line)),
  );
}

/** Problems with the settings of `default/<name>.conf`. */
export function eachSetting(
  app: App,
  name: string,
  check: (setting: Setting, stanza: Stanza) => readonly string[],
): Problem[] {
  return (app.conf(name)?.stanzas ?? []).flatMap((stanza) =>
    stanza.settings.flatMap((setting) =>
      check(setting, stanza).map((text) =>
        problem(`default/${name}.conf`, `[${stanza.name}] ${setting.key}: ${text}`, setting.line),
      ),
    ),
  );
}

/** Problems with the lines of a text that a pattern is found in. */
export function eachMatch(
  path: string,
  text: string,
  pattern: RegExp,
  say: (match: string) => string,
): Problem[] {
  return [...text.matchAll(pattern)].map((match) => problem(path, say(match[0]), lineOf(text, match.index)));
}

/** The line, counted from 1, of a place in a text. */
export function lineOf(text: string, index: number): number {
  return text.slice(0, index).split("\n").length;
}

export const unless = (isWell: boolean, text: string): readonly string[] => (isWell ? [] : [text]);
