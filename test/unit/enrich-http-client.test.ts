import { readFileSync } from "node:fs";
import { createServer } from "node:https";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { inspect } from "node:util";
import { gzipSync } from "node:zlib";
import { createServer as createHttpServer } from "node:http";
import { describe, expect, test } from "vitest";
import { createHttpGet } from "../../src/enrich/http-client.ts";
import { createListGet, isPublicHttps } from "../../src/enrich/list-client.ts";
import { retryAfterMsOf } from "../../src/enrich/retry-after.ts";
import { createVirusTotal } from "../../src/enrich/virustotal/create-virustotal.ts";
import { after, t0 } from "../fakes/samples.ts";
import { apiKey, kept, lookUp, settings, startAnswering } from "./enrich-desk.ts";

const never = new AbortController().signal;

const tlsFile = (name: string): string =>
  readFileSync(join(import.meta.dirname, "../fixtures/tls", name), "utf8");

/** A server of Node's on a free port of the loopback interface. */
async function listening(server: ReturnType<typeof createHttpServer>, scheme: "http" | "https") {
  await new Promise<void>((resolve) => {
    server.listen(0, "127.0.0.1", resolve);
  });
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- a server that listens on a port has such an address
  const { port } = server.address() as AddressInfo;
  return {
    url: `${scheme}://127.0.0.1:${port}`,
    stop: () =>
      new Promise<void>((resolve) => {
        server.close(() => {
          resolve();
        });
        server.closeAllConnections();
      }),
  };
}

describe("the HTTP client", () => {
  test.each(["silent", "slow"] as const)(
    "gives up on a %s answer after its own time-out",
    async (failure) => {
      const service = await startAnswering({ status: 200, body: {} });
      service.failNext(failure);
      const get = createHttpGet({
        service: "X",
        baseUrl: service.url,
        headers: {},
        maxBytes: 1000,
        timeoutMs: 100,
      });
      const startedAt = performance.now();

      await expect(get("/", never)).rejects.toMatchObject({
        code: "PROVIDER_UNAVAILABLE",
        message: "X gave no whole answer within 0.1 s",
      });
      expect(performance.now() - startedAt).toBeLessThan(5000);
    },
  );

  test.each([
    [1000, 1000, true],
    [1001, 1000, false],
  ])("an answer of %d bytes with a limit of %d is taken: %s", async (bytes, maxBytes, isTaken) => {
    const { url } = await startAnswering({ status: 200, body: "x".repeat(bytes) });
    const get = createHttpGet({ service: "X", baseUrl: url, headers: {}, maxBytes });

    const taken = await get("/", AbortSignal.timeout(10_000)).then(
      ({ text }) => text.length === bytes,
      () => false,
    );

    expect(taken).toBe(isTaken);
  });

  test("counts bytes after decompression", async () => {
    const bomb = gzipSync("x".repeat(10 * 1024 * 1024));
    const server = createHttpServer((_request, response) => {
      response.writeHead(200, { "Content-Encoding": "gzip" });
      response.end(bomb);
    });
    const { url } = await kept(listening(server, "http"));
    const get = createHttpGet({ service: "X", baseUrl: url, headers: {}, maxBytes: 1024 * 1024 });

    await expect(get("/", never)).rejects.toMatchObject({ code: "PROVIDER_ANSWER_INVALID" });
    expect(bomb.length).toBeLessThan(1024 * 1024);
  });

  test("says when the host name can't be resolved", async () => {
    const provider = createVirusTotal(settings("http://no-such-host.invalid"));

    await expect(lookUp(provider)).rejects.toMatchObject({
      code: "PROVIDER_UNAVAILABLE",
      retryable: true,
      message: expect.stringContaining("its host name can't be resolved"),
    });
  });

  test("does not talk to a service whose certificate nobody vouches for", async () => {
    let requests = 0;
    const server = createServer(
      { cert: tlsFile("localhost.crt"), key: tlsFile("localhost.key") },
      (_request, response) => {
        requests += 1;
        response.end("{}");
      },
    );
    const { url } = await kept(listening(server, "https"));

    const error: unknown = await lookUp(createVirusTotal(settings(url))).catch((thrown: unknown) => thrown);

    expect(error).toMatchObject({ code: "PROVIDER_UNAVAILABLE", retryable: true });
    expect(String(error)).toContain("its certificate is not trusted");
    expect(inspect(error, { depth: 20, showHidden: true })).not.toContain(apiKey);
    expect(requests).toBe(0);
  });
});

describe("the client for lists", () => {
  const redirect = (location: string, status = 302) => ({
    status,
    body: "",
    headers: { Location: location },
  });
  const ask = (baseUrl: string, mayFollowTo?: (url: URL) => Promise<boolean>) =>
    createListGet({ service: "X", baseUrl, maxBytes: 1000, ...(mayFollowTo && { mayFollowTo }) });

  test("sends the version that is kept", async () => {
    const service = await startAnswering({ status: 200, body: "list" });

    await ask(service.url)("/list", '"v1"', never);
    await ask(service.url)("/list", null, never);

    expect(service.headers.map((headers) => headers["if-none-match"])).toEqual(['"v1"', undefined]);
  });

  test("follows to another host that is allowed", async () => {
    const there = await startAnswering({ status: 200, body: "list" });
    const here = await startAnswering(redirect(`${there.url}/moved`));
    const asked: string[] = [];

    const answer = await ask(here.url, async (url) => asked.push(url.href) > 0)("/list", '"v1"', never);

    expect(answer.text).toBe("list");
    expect(there.requests).toEqual(["/moved"]);
    expect(there.headers[0]?.["if-none-match"]).toBe('"v1"');
    expect(asked).toEqual([`${there.url}/moved`]);
  });

  test("follows within its own host, three times", async () => {
    const service = await startAnswering(redirect("/again", 301));

    await expect(ask(service.url)("/list", null, never)).rejects.toMatchObject({
      code: "PROVIDER_ANSWER_INVALID",
      message: expect.stringContaining("more than 3 times"),
    });
    expect(service.requests).toEqual(["/list", "/again", "/again", "/again"]);
  });

  test.each(["http", "no Location"])("does not follow to the own network: %s", async (kind) => {
    const there = await startAnswering({ status: 200, body: "list" });
    const here = await startAnswering(
      kind === "http" ? redirect(`${there.url}/moved`) : { status: 302, body: "" },
    );

    await expect(ask(here.url)("/list", null, never)).rejects.toMatchObject({
      code: "PROVIDER_ANSWER_INVALID",
      message: expect.stringContaining("redirects to a place that is not followed"),
    });
    expect(there.requests).toEqual([]);
  });

  test.each([
    ["https://1.1.1.1/list", true],
    ["https://[2606:4700:4700::1111]/list", true],
    ["http://1.1.1.1/list", false],
    ["ftp://1.1.1.1/list", false],
    ["https://user@1.1.1.1/", false],
    ["https://:secret@1.1.1.1/", false],
    ["https://127.0.0.1/", false],
    ["https://0x7f.1/", false],
    ["https://2130706433/", false],
    ["https://localhost/", false],
    ["https://10.0.0.1/", false],
    ["https://192.168.1.1/", false],
    ["https://172.16.0.1/", false],
    ["https://169.254.169.254/latest/meta-data", false],
    ["https://100.64.0.1/", false],
    ["https://0.0.0.0/", false],
    ["https://[::1]/", false],
    ["https://[::ffff:10.0.0.1]/", false],
    ["https://[fd00::1]/", false],
    ["https://[fe80::1]/", false],
    ["https://[64:ff9b::10.0.0.1]/", false],
  ])("%s is public: %s", async (url, expected) => {
    await expect(isPublicHttps(new URL(url))).resolves.toBe(expected);
  });
});

describe("how long to wait", () => {
  test.each([
    [{ "retry-after": "17" }, 17_000],
    [{ "retry-after": "0" }, 1000],
    [{ "retry-after": "99999999" }, 86_400_000],
    [{ "retry-after": after(30).toUTCString() }, 30_000],
    [{ "retry-after": after(-30).toUTCString() }, 1000],
    [{ "retry-after": "soon" }, undefined],
    [{ "retry-after": "soon", "x-ratelimit-reset": String(t0.getTime() / 1000 + 5) }, 5000],
    [{ "x-ratelimit-reset": "never" }, undefined],
    [{ "retry-after": ["17"] }, undefined],
    [{}, undefined],
  ])("%j: %d ms", (headers, expected) => {
    expect(retryAfterMsOf({ headers }, t0)).toBe(expected);
  });
});
