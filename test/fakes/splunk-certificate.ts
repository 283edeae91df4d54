import { execFileSync } from "node:child_process";
import { X509Certificate } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

export interface MadeCertificate {
  readonly key: string;
  readonly cert: string;
  /** Who signed it. */
  readonly ca: string;
  /** 64 hex digits in lower case. */
  readonly certSha256: string;
}

/** A certificate like the one that Splunk makes for itself: signed by a CA of its own, without the host's name. @param hostName puts it in */
export function makeSplunkCertificate(hostName?: string): MadeCertificate {
  const dir = mkdtempSync(join(tmpdir(), "portcullis-splunk-"));
  try {
    const request = [
      "req",
      "-x509",
      "-newkey",
      "ec",
      "-pkeyopt",
      "ec_paramgen_curve:P-256",
      "-nodes",
      "-days",
      "2",
    ];
    const openssl = (...args: readonly string[]): void => {
      execFileSync("openssl", [...request, ...args], { cwd: dir, stdio: "ignore" });
    };
    openssl("-subj", "/O=Splunk/CN=SplunkCommonCA", "-keyout", "ca.key", "-out", "ca.pem");
    const names = hostName === undefined ? [] : ["-addext", `subjectAltName=DNS:${hostName}`];
    const signer = ["-CA", "ca.pem", "-CAkey", "ca.key", "-addext", "basicConstraints=critical,CA:FALSE"];
    const subject = ["-subj", "/CN=SplunkServerDefaultCert/O=SplunkUser"];
    openssl(...signer, ...subject, ...names, "-keyout", "server.key", "-out", "server.pem");
    const read = (name: string): string => readFileSync(join(dir, name), "utf8");
    const cert = read("server.pem");
    const certSha256 = new X509Certificate(cert).fingerprint256.replaceAll(":", "").toLowerCase();
    return { key: read("server.key"), cert, ca: read("ca.pem"), certSha256 };
  } finally {
    rmSync(dir, { recursive: true });
  }
}

/** Making one takes a while; a test that needs another one brings it. */
let usualCertificate: MadeCertificate | null = null;

/** The same for all who ask for the same kind, but for one with a name. */
export function certificateFor(hostName: string | undefined): MadeCertificate {
  if (hostName !== undefined) {
    return makeSplunkCertificate(hostName);
  }
  usualCertificate ??= makeSplunkCertificate();
  return usualCertificate;
}
