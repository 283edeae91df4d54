import { spawn, spawnSync } from "node:child_process";
import { createServer, type RequestListener } from "node:http";
import { createServer as createTcpServer } from "node:net";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import type { Alert } from "../../src/domain/alert.ts";
import { path, startReceiver } from "./start-receiver.ts";

const action = join(import.meta.dirname, "../fakes/splunk_webhook.py");
const isRequired = process.env["PORTCULLIS_REQUIRE_SYSTEM"] === "1";
const hasPython = spawnSync("python3", ["--version"]).status === 0;
if (!hasPython && !isRequired) {
  console.warn("python3 is missing: the tests with Splunk's stock action are skipped");
}

const payload = {
  app: "search",
  owner: "admin",
  results_file: "/opt/splunk/var/run/splunk/dispatch/x/results.csv.gz",
  results_link: "https://splunk.example.net:8000/app/search/@go?sid=1760000400.1",
  server_uri: "https://127.0.0.1:8089",
  session_key: "hunter2",
  sid: "scheduler__admin__search__RMD5a1b2c3d4e5f60718_at_1760000400_1234",
  search_name: "SSH brute force Zürich",
  result: { src_ip: "203.0.113.45", count: "57", user: ["root", "jürgen"], dest: "" },
};

/** Runs the action as splunkd does. */
async function run(url: string, changes: object = {}) {
  const configuration = { url, user_agent: "Splunk/9C1B0C5E-1D1F-4B7F-9D0B-0123456789AB" };
  const child = spawn("python3", [action, "--execute"], { stdio: ["pipe", "ignore", "pipe"] });
  child.stdin.end(JSON.stringify({ ...payload, ...changes, configuration }));
  let log = "";
  child.stderr.on("data", (chunk: Buffer) => {
    log += chunk.toString();
  });
  const exitCode = await new Promise((resolve) => child.once("close", resolve));
  return { exitCode, log };
}

async function startServer(answer: RequestListener): Promise<string> {
  const server = createServer(answer);
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  await new Promise<void>((resolve) => {
    server.listen(0, "127.0.0.1", resolve);
  });
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- it listens on a port
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

describe.skipIf(!hasPython && !isRequired)("Splunk's stock action", () => {
  test("is answered 202, and everything it sends is on record", async () => {
    const inserted: Alert[] = [];
    const { url } = await startReceiver({
      insert: (alerts) => {
        inserted.push(...alerts);
        return Promise.resolve(alerts.map(() => true));
      },
    });

    const { exitCode, log } = await run(url + path);

    expect(log).toContain("HTTP status=202");
    expect(exitCode).toBe(0);
    expect(inserted).toMatchObject([
      {
        source: "splunk-webhook",
        sid: payload.sid,
        searchName: payload.search_name,
        resultsLink: payload.results_link,
        extras: null,
        rows: [
          [
            ["src_ip", ["203.0.113.45"]],
            ["count", ["57"]],
            ["user", ["root", "jürgen"]],
            ["dest", [""]],
          ],
        ],
      },
    ]);
  });

  test("what it sends is what Splunk sends, byte by byte", async () => {
    const seen: { body: string; headers: readonly string[] }[] = [];
    const url = await startServer((request, response) => {
      let body = "";
      request.on("data", (chunk: Buffer) => {
        body += chunk.toString("latin1");
      });
      request.on("end", () => {
        seen.push({ body, headers: request.rawHeaders });
        response.end();
      });
    });

    await run(`${url}/x`);

    expect(seen[0]?.body).toMatch(
      /^\{"sid": "scheduler__.*", "search_name": "SSH brute force Z\\u00fcrich", "app": "search", "owner": "admin", "results_link": ".*", "result": \{"src_ip": .*\}\}$/,
    );
    expect(seen[0]?.headers.filter((_text, n) => n % 2 === 0)).toEqual([
      "Accept-Encoding",
      "Content-Length",
      "Host",
      "Content-Type",
      "User-Agent",
      "Connection",
    ]);
  });

  test.each([
    { name: "no row", changes: { result: null } },
    { name: "no saved search", changes: { search_name: null } },
    { name: "a row of everything null", changes: { result: { src_ip: null } } },
  ])("$name is accepted", async ({ changes }) => {
    const { url } = await startReceiver();

    expect(await run(url + path, changes)).toMatchObject({ exitCode: 0 });
  });

  test("a wrong token, a missing path and another method are errors to it, never a success", async () => {
    const { url } = await startReceiver();

    for (const where of ["/webhooks/splunk/wrong", "/webhooks/splunk", "/", "/webhooks", "/healthz/"]) {
      expect({ where, ...(await run(url + where)) }).toMatchObject({ where, exitCode: 2 });
    }
  });

  test("a redirect would lose the alert while Splunk calls it sent: so nothing here redirects", async () => {
    const methods: string[] = [];
    const url = await startServer((request, response) => {
      methods.push(request.method ?? "");
      if (request.url === "/moved") {
        response.writeHead(302, { Location: "/there" });
      }
      response.end();
    });

    expect(await run(`${url}/moved`)).toMatchObject({ exitCode: 0 });
    expect(methods).toEqual(["POST", "GET"]);
  });

  test("nobody listens: exit code 2; a connection that is dropped: 3", async () => {
    const dropping = createTcpServer((socket) => socket.once("data", () => socket.destroy()));
    onTestFinished(() => {
      dropping.close();
    });
    await new Promise<void>((resolve) => {
      dropping.listen(0, "127.0.0.1", resolve);
    });
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- it listens on a port
    const { port } = dropping.address() as AddressInfo;

    expect(await run("http://127.0.0.1:1/x")).toMatchObject({ exitCode: 2 });
    expect(await run(`http://127.0.0.1:${port}/x`)).toMatchObject({ exitCode: 3 });
  });
});
