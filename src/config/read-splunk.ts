import type { SplunkConfig } from "./config.ts";
import type { Problems } from "./problems.ts";
import { Fingerprint, readCa } from "./read-splunk-certificate.ts";
import type { SettingReader } from "./setting-reader.ts";
import { matching, Password, Port } from "./shapes.ts";

/** Splunk's tokens are JSON web tokens, longer than other keys. */
const SplunkToken = matching("a token of printable characters without spaces", /^[\x21-\x7e]{1,8192}$/);

const UserName = matching("one line of text", /^[^\r\n\0]{1,256}$/);

interface SplunkSources {
  readonly host: string | null;
  readonly now: Date;
  readonly problems: Problems;
  readonly warn: (line: string) => void;
}

/** How to reach Splunk's management API; null without a login, which leaves a host that is only protected. */
export function readSplunk(
  reader: SettingReader,
  { host, now, problems, warn }: SplunkSources,
): SplunkConfig | null {
  const login = readLogin(reader, problems);
  const port = reader.read("SPLUNK_PORT", Port) ?? 8089;
  const ca = readCa(reader, "SPLUNK_CA_FILE", { now, problems, warn });
  const certSha256 = reader.read("SPLUNK_CERT_SHA256", Fingerprint) ?? null;
  if (!isLoginSet(reader)) {
    warnOfNoLogin(reader, warn);
    return null;
  }
  if (!reader.isSet("SPLUNK_HOST")) {
    problems.add("SPLUNK_HOST", "set it to Splunk's host: a login for Splunk is set, and no host");
  }
  return host === null || login === null ? null : { host, port, login, ca, certSha256 };
}

function isLoginSet(reader: SettingReader): boolean {
  return (["SPLUNK_TOKEN", "SPLUNK_USER", "SPLUNK_PASSWORD"] as const).some((name) => reader.isSet(name));
}

function readLogin(reader: SettingReader, problems: Problems): SplunkConfig["login"] | null {
  const token = reader.secret("SPLUNK_TOKEN", SplunkToken);
  const user = reader.read("SPLUNK_USER", UserName);
  const password = reader.secret("SPLUNK_PASSWORD", Password);
  if (reader.isSet("SPLUNK_USER") !== reader.isSet("SPLUNK_PASSWORD")) {
    problems.add("SPLUNK_USER", "set both of SPLUNK_USER and SPLUNK_PASSWORD, or neither");
  } else if (reader.isSet("SPLUNK_USER") && reader.isSet("SPLUNK_TOKEN")) {
    problems.add("SPLUNK_TOKEN", "set SPLUNK_TOKEN, or SPLUNK_USER and SPLUNK_PASSWORD, not all of them");
  }
  if (token !== undefined) {
    return { kind: "token", token };
  }
  return user === undefined || password === undefined ? null : { kind: "user", user, password };
}

const meansNothingAlone = ["SPLUNK_PORT", "SPLUNK_CA_FILE", "SPLUNK_CERT_SHA256"] as const;

function warnOfNoLogin(reader: SettingReader, warn: (line: string) => void): void {
  const useless = meansNothingAlone.filter((name) => reader.isSet(name));
  if (useless.length > 0) {
    warn(`${useless.join(", ")}: no effect without SPLUNK_TOKEN, or SPLUNK_USER and SPLUNK_PASSWORD`);
  }
  if (reader.isSet("SPLUNK_HOST")) {
    warn(
      "SPLUNK_HOST: without SPLUNK_TOKEN (or SPLUNK_USER and SPLUNK_PASSWORD) only the first row of a digest alert is processed",
    );
  }
}
