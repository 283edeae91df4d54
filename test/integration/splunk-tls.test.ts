import { describe, expect, test } from "vitest";
import { eventually } from "../fakes/eventually.ts";
import { startSplunk } from "../fakes/splunk.ts";
import { makeSplunkCertificate } from "../fakes/splunk-certificate.ts";
import { patient, splunkDesk } from "./splunk-desk.ts";

const sid = "1760000400.12";

describe("with the fingerprint of Splunk's certificate", () => {
  test("neither its CA nor the host's name matter", async () => {
    const { splunk, api } = await splunkDesk();
    splunk.addJob({ sid, searchName: null, rows: [] });

    expect(await api.job(sid, patient)).toMatchObject({ sid, state: "done" });
  });

  test("a wrong one means that no byte of the request is sent", async () => {
    const { splunk, api } = await splunkDesk({ config: { certSha256: "ab".repeat(32) } });
    const offered = (splunk.certSha256.toUpperCase().match(/../g) ?? []).join(":");

    await expect(api.job(sid, patient)).rejects.toMatchObject({
      code: "SPLUNK_UNREACHABLE",
      retryable: true,
      message: expect.stringContaining(`than SPLUNK_CERT_SHA256 names: ${offered}`),
    });
    await eventually("the end of the connection", () => splunk.ended() === 1);
    expect(splunk.bytesRead()).toBe(0);
    expect(splunk.requests).toEqual([]);
  });

  test("is asked for on every connection, also when another server takes the place of the first", async () => {
    const { splunk, api } = await splunkDesk();
    splunk.addJob({ sid, searchName: null, rows: [] });
    await api.job(sid, patient);
    const { port } = splunk;
    await splunk.close();
    const other = await startSplunk({ port, certificate: makeSplunkCertificate() });
    other.addJob({ sid, searchName: null, rows: [] });

    try {
      await expect(api.job(sid, patient)).rejects.toMatchObject({ code: "SPLUNK_UNREACHABLE" });
      await expect(api.job(sid, patient)).rejects.toMatchObject({
        message: expect.stringContaining("shows another certificate"),
      });
      await eventually("the end of the connection", () => other.ended() === 1);
      expect(other.bytesRead()).toBe(0);
    } finally {
      await other.close();
    }
  });
});

describe("without a fingerprint", () => {
  test("a certificate that Splunk made for itself is refused; the message shows its fingerprint and says what to set", async () => {
    const { splunk, api } = await splunkDesk({ config: { certSha256: null } });
    const offered = (splunk.certSha256.toUpperCase().match(/../g) ?? []).join(":");

    const refusal = await api.job(sid, patient).catch((error: unknown) => error);

    expect(refusal).toMatchObject({ code: "SPLUNK_UNREACHABLE" });
    expect(String(refusal)).toContain("is not trusted");
    expect(String(refusal)).toContain(`Its fingerprint is ${offered}`);
    expect(String(refusal)).toContain("set SPLUNK_CERT_SHA256 to it");
    await eventually("the end of the connection", () => splunk.ended() === 1);
    expect(splunk.bytesRead()).toBe(0);
  });

  test("its CA alone is not enough, because the certificate does not name the host", async () => {
    const splunk = await startSplunk();
    const { api } = await splunkDesk({ config: { certSha256: null, ca: splunk.ca, port: splunk.port } });

    try {
      await expect(api.job(sid, patient)).rejects.toMatchObject({
        code: "SPLUNK_UNREACHABLE",
        message: expect.stringMatching(/does not name this host.*set SPLUNK_CERT_SHA256/s),
      });
      await eventually("the end of the connection", () => splunk.ended() === 1);
      expect(splunk.bytesRead()).toBe(0);
    } finally {
      await splunk.close();
    }
  });

  test("a certificate of the CA with the host's name is taken", async () => {
    const splunk = await startSplunk({ hostName: "localhost" });
    splunk.addJob({ sid, searchName: null, rows: [] });
    const { api } = await splunkDesk({
      config: { host: "localhost", certSha256: null, ca: splunk.ca, port: splunk.port },
    });

    try {
      expect(await api.job(sid, patient)).toMatchObject({ sid });
    } finally {
      await splunk.close();
    }
  });
});

test("what does not speak TLS is named, with the port that is meant", async () => {
  const { createServer } = await import("node:http");
  const plain = createServer((_request, response) => response.end("{}"));
  await new Promise<void>((resolve) => {
    plain.listen(0, "127.0.0.1", resolve);
  });
  const address = plain.address();
  const port = typeof address === "object" ? (address?.port ?? 0) : 0;
  const { api } = await splunkDesk({ config: { port } });

  try {
    await expect(api.job(sid, patient)).rejects.toMatchObject({
      code: "SPLUNK_UNREACHABLE",
      message: expect.stringMatching(/does not speak TLS.*usually 8089/),
    });
  } finally {
    plain.close();
  }
});

test("a host that answers nothing is given up", async () => {
  const { createServer } = await import("node:net");
  const mute = createServer(() => undefined);
  await new Promise<void>((resolve) => {
    mute.listen(0, "127.0.0.1", resolve);
  });
  const address = mute.address();
  const port = typeof address === "object" ? (address?.port ?? 0) : 0;
  const { api } = await splunkDesk({ config: { port }, api: { timeoutMs: 200 } });

  await expect(api.job(sid, patient)).rejects.toMatchObject({ code: "SPLUNK_UNREACHABLE" });
  mute.close();
});

test("a port where nobody listens is named", async () => {
  const { api } = await splunkDesk({ config: { port: 1 } });

  await expect(api.job(sid, patient)).rejects.toMatchObject({
    code: "SPLUNK_UNREACHABLE",
    retryable: true,
    message: expect.stringMatching(/^Splunk at 127\.0\.0\.1:1 can't be reached \(ECONNREFUSED\)/),
  });
});

test("a connection is used again, closed when it is idle, and opened anew", async () => {
  const { splunk, api } = await splunkDesk({ api: { idleMs: 50 } });
  splunk.addJob({ sid, searchName: null, rows: [] });

  await api.job(sid, patient);
  await api.job(sid, patient);
  await eventually("the end of the idle connection", () => splunk.ended() === 1, 3000);

  expect(await api.job(sid, patient)).toMatchObject({ sid });
});
