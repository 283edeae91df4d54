import { createPrivateKey, type KeyObject, X509Certificate } from "node:crypto";
import type { Config } from "./config.ts";
import type { Problems } from "./problems.ts";
import type { SettingReader } from "./setting-reader.ts";

/** The certificate and key to listen with; null when neither is set. */
export function readTls(
  reader: SettingReader,
  now: Date,
  problems: Problems,
  warn: (line: string) => void,
): Config["tls"] {
  const cert = reader.file("TLS_CERT_FILE");
  const key = reader.file("TLS_KEY_FILE");
  const clientCa = reader.file("TLS_CLIENT_CA_FILE") ?? null;
  checkSet(reader, problems);
  const certificate = readCertificate("TLS_CERT_FILE", cert, problems);
  const privateKey = readKey("TLS_KEY_FILE", key, problems);
  readCertificate("TLS_CLIENT_CA_FILE", clientCa ?? undefined, problems);
  if (certificate !== undefined && privateKey !== undefined && !certificate.checkPrivateKey(privateKey)) {
    problems.add("TLS_KEY_FILE", "this key does not belong to the certificate in TLS_CERT_FILE");
  }
  if (certificate !== undefined && certificate.validToDate < now) {
    warn(`TLS_CERT_FILE: the certificate ended on ${certificate.validToDate.toISOString()}`);
  }
  return cert === undefined || key === undefined ? null : { cert, key, clientCa };
}

function checkSet(reader: SettingReader, problems: Problems): void {
  if (reader.isSet("TLS_CERT_FILE") !== reader.isSet("TLS_KEY_FILE")) {
    problems.add("TLS_CERT_FILE", "set both of TLS_CERT_FILE and TLS_KEY_FILE, or neither");
  }
  if (reader.isSet("TLS_CLIENT_CA_FILE") && !reader.isSet("TLS_CERT_FILE")) {
    problems.add("TLS_CLIENT_CA_FILE", "needs TLS_CERT_FILE and TLS_KEY_FILE");
  }
}

/** Adds a problem when the text is there and its first certificate can't be read. */
export function readCertificate(
  where: string,
  pem: string | undefined,
  problems: Problems,
): X509Certificate | undefined {
  try {
    return pem === undefined ? undefined : new X509Certificate(pem);
  } catch {
    problems.add(where, "expected a certificate in PEM form");
    return undefined;
  }
}

function readKey(where: string, pem: string | undefined, problems: Problems): KeyObject | undefined {
  try {
    return pem === undefined ? undefined : createPrivateKey(pem);
  } catch {
    problems.add(where, "expected a private key in PEM form, without a passphrase");
    return undefined;
  }
}
