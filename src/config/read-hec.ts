import type { HecConfig } from "./config.ts";
import { type CertificateSources, Fingerprint, readCa } from "./read-splunk-certificate.ts";
import type { SettingReader } from "./setting-reader.ts";
import { isLoopback, matching, parsed } from "./shapes.ts";

/** Splunk makes GUIDs, and takes any other text that an administrator gives it. */
const HecToken = matching("a token of printable characters without spaces", /^[\x21-\x7e]{1,256}$/);

/** Source: Splunk's `indexes.conf.spec`, names of indexes. */
const IndexName = matching(
  "an index's name: lower-case letters, digits, _ and -, not beginning with -",
  /^[a-z0-9_][a-z0-9_-]{0,254}$/,
);

const CollectorUrl = parsed(
  "an https URL like https://splunk.example:8088, without user, password and parameters; http only to this machine itself",
  (text) => {
    const url = URL.parse(text);
    if (url === null || url.username !== "" || url.password !== "" || /[?#]/.test(text)) {
      return undefined;
    }
    const isSafe = url.protocol === "https:" || (url.protocol === "http:" && isLoopback(url.hostname));
    const path = url.pathname.replace(/\/+$/, "").replace(/\/services\/collector(?:\/event)?$/, "");
    return isSafe ? `${url.origin}${path}` : undefined;
  },
);

/** Where Splunk takes events; null when SPLUNK_HEC_URL is not set. */
export function readHec(reader: SettingReader, sources: CertificateSources): HecConfig | null {
  const { problems, warn } = sources;
  const url = reader.read("SPLUNK_HEC_URL", CollectorUrl);
  const token = reader.secret("SPLUNK_HEC_TOKEN", HecToken);
  const index = reader.read("SPLUNK_HEC_INDEX", IndexName) ?? null;
  const ca = readCa(reader, "SPLUNK_HEC_CA_FILE", sources);
  const certSha256 = reader.read("SPLUNK_HEC_CERT_SHA256", Fingerprint) ?? null;
  if (!reader.isSet("SPLUNK_HEC_URL")) {
    return null;
  }
  if (!reader.isSet("SPLUNK_HEC_TOKEN")) {
    problems.add("SPLUNK_HEC_TOKEN", "SPLUNK_HEC_URL needs it: the token of the HTTP Event Collector");
  }
  if (url === undefined || token === undefined) {
    return null;
  }
  const useless = certificateSettings.filter((name) => reader.isSet(name));
  if (url.startsWith("http:") && useless.length > 0) {
    warn(`${useless.join(", ")}: no effect on an http URL`);
  }
  return { url, token, index, ca, certSha256 };
}

const certificateSettings = ["SPLUNK_HEC_CA_FILE", "SPLUNK_HEC_CERT_SHA256"] as const;
