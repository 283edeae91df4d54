import type { IpAddress } from "../../domain/ip-address.ts";

/** What a line of a log says against an address; `request` says nothing but that it asked. */
export type LogKind = "failed-login" | "web-attack" | "request";

export interface LogEvent {
  /** The peer of the connection: never an address that stands in a user's name or another text of the attacker's. */
  readonly ip: IpAddress;
  /** Milliseconds since 1970. */
  readonly atMs: number;
  readonly kind: LogKind;
  /** How many attempts it stands for, at least 1. */
  readonly count: number;
  /** The name that was tried. Text from outside. */
  readonly user: string | null;
  /** E.g. `path traversal`; our own words. */
  readonly detail: string | null;
}

/** Reads the lines of one log, in their order. */
export interface LineReader {
  /**
   * Takes one line without its end. @param isPart the line goes on in the next call, or was cut here
   * @returns false: it speaks of a failure, and whose it is can't be told for certain
   */
  read(line: string, isPart: boolean): boolean;
  /** Gives what was held back. */
  end(): void;
  /** Lines without a match need not be read now; global, on bytes as Latin-1. Null: each is to be read. */
  readonly marks: RegExp | null;
}

export interface LineReaderDeps {
  readonly times: LogTimes;
  /** Gets each event. */
  readonly take: (event: LogEvent) => void;
}

/** Reads the time stamps of one log. Milliseconds since 1970; undefined when the text is not a time. */
export interface LogTimes {
  /** `May  1 12:00:00`, the year by the reference. */
  syslog(text: string): number | undefined;
  /** `2024-05-01T12:00:00.123+02:00`, also with a space, a comma, `+0200`, or no zone. */
  iso(text: string): number | undefined;
  /** `01/May/2024:12:00:00 +0200` */
  access(text: string): number | undefined;
  /** `Wed May  1 12:00:00.123 2024` */
  ctime(text: string): number | undefined;
  /** Another time that this log has told. */
  note(atMs: number): number;
  /** The time of a line that has none: that of the one before, or the reference. */
  undated(): number;
}

export interface LogFormat {
  readonly name: FormatName;
  /** For people: what it reads. */
  readonly title: string;
  /** A line that it reads. */
  readonly sample: string;
  /** Events may be longer than a line, or a line longer than what is kept of one: give all of it in parts. */
  readonly isStream: boolean;
  /** True when such a program has written the line, whether it tells of a failure or not. */
  readonly recognises: (line: string) => boolean;
  readonly open: (deps: LineReaderDeps) => LineReader;
}

export const formatNames = [
  "sshd",
  "windows-security",
  "nginx",
  "apache",
  "postfix",
  "vsftpd",
  "generic",
] as const;
export type FormatName = (typeof formatNames)[number];
