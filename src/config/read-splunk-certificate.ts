import type { Problems } from "./problems.ts";
import { readCertificate } from "./read-tls.ts";
import type { SettingReader } from "./setting-reader.ts";
import { matching } from "./shapes.ts";

/** Pins the certificate of one of Splunk's ports. */
export const Fingerprint = matching(
  "64 hexadecimal digits, with or without colons, as `openssl x509 -noout -fingerprint -sha256` prints them",
  /^(?:[0-9a-f]{2}:?){31}[0-9a-f]{2}$/i,
).transform((text) => text.replaceAll(":", "").toLowerCase());

export interface CertificateSources {
  readonly now: Date;
  readonly problems: Problems;
  readonly warn: (line: string) => void;
}

/** The CA of one of Splunk's ports, as PEM text; null: the usual ones. */
export function readCa(
  reader: SettingReader,
  name: "SPLUNK_CA_FILE" | "SPLUNK_HEC_CA_FILE",
  { now, problems, warn }: CertificateSources,
): string | null {
  const pem = reader.file(name);
  const certificate = readCertificate(name, pem, problems);
  if (certificate !== undefined && certificate.validToDate < now) {
    warn(`${name}: the certificate ended on ${certificate.validToDate.toISOString()}`);
  }
  return pem ?? null;
}
