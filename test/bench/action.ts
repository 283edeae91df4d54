import { spawn } from "node:child_process";
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { createServer as createHttpServer, type RequestListener } from "node:http";
import { createServer as createHttpsServer } from "node:https";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { runPortcullis } from "../system/run-process.ts";

const rows = Number(process.env["BENCH_ROWS"] ?? 50_000);
const action = join(import.meta.dirname, "../../splunk-app/bin/portcullis_block.py");
const tls = join(import.meta.dirname, "../fixtures/tls");
const signingSecret = "whsec_c2lnbmluZyBzZWNyZXQgb2YgdGhlIHRlc3RzIDAx";

/** From a `results.csv.gz` to committed alerts: the whole action, and the same without a receiver's work. */
export async function benchAction(print: (line: string) => void): Promise<void> {
  const dir = await mkdtemp(join(tmpdir(), "portcullis-bench-"));
  const splunkd = createHttpsServer(
    { cert: await readFile(join(tls, "localhost.crt")), key: await readFile(join(tls, "localhost.key")) },
    answerJson(200, { entry: [{ content: { clear_password: signingSecret } }] }),
  );
  const sink = createHttpServer(
    answerJson(202, { alertId: `al_${"0".repeat(32)}`, status: "accepted", addresses: 0 }),
  );
  const receiver = runPortcullis(
    ["serve"],
    { HOST: "127.0.0.1", PORT: "0", DATA_DIR: dir, WEBHOOK_SIGNING_SECRET: signingSecret },
    dir,
  );
  try {
    await mkdir(join(dir, "var/log/splunk"), { recursive: true });
    const file = join(dir, "results.csv.gz");
    const packed = gzipSync(resultsCsv(rows));
    await writeFile(file, packed);
    print(`action: ${rows} rows, results.csv.gz of ${(packed.length / 1e6).toFixed(1)} MB`);
    const serverUri = `https://127.0.0.1:${await listen(splunkd)}`;
    const sinkUrl = `http://127.0.0.1:${await listen(sink)}`;
    const receiverUrl = await receiver.listening;
    for (let round = 1; round <= 3; round += 1) {
      const payload = {
        sid: `scheduler__admin__search__RMD5a1b2c3d4e5f60718_at_176000040${round}_1`,
        results_file: file,
        server_uri: serverUri,
        session_key: "key",
        search_name: "bench",
      };
      const alone = await time(dir, { ...payload, configuration: { url: sinkUrl } });
      const whole = await time(dir, { ...payload, configuration: { url: receiverUrl } });
      print(
        `  round ${round}: ${whole.toFixed(2)} s = ${(rows / whole).toFixed(0)} rows/s to committed alerts, ` +
          `of it ${alone.toFixed(2)} s in the action, with the start of Python`,
      );
    }
  } finally {
    receiver.child.kill();
    await receiver.ended;
    splunkd.close();
    sink.close();
    await rm(dir, { recursive: true });
  }
}

function resultsCsv(count: number): string {
  const names = ["src_ip", "count", "user", "_time", "_raw"];
  const lines = [names.flatMap((name) => [name, `__mv_${name}`]).join(",")];
  for (let n = 0; n < count; n += 1) {
    const address = `198.${18 + (n >> 16)}.${(n >> 8) & 255}.${n & 255}`;
    const port = 1024 + ((n * 7919) % 60_000);
    const event =
      `Oct  9 08:59:59 bastion-${n % 7} sshd[${(n * 104_729) % 99_991}]: Failed password for invalid user u${(n * 31) % 997} from ${address} port ${port} ssh2 `.padEnd(
        200,
        "x",
      );
    const cells = [address, String((n * 13) % 400), `u${(n * 31) % 997}`, "1760000399.125000", `"${event}"`];
    lines.push(cells.flatMap((cell) => [cell, ""]).join(","));
  }
  return `${lines.join("\n")}\n`;
}

/** Seconds of one run of the action. */
async function time(home: string, payload: object): Promise<number> {
  const startMs = performance.now();
  const child = spawn("python3", [action, "--execute"], {
    env: { PATH: process.env["PATH"] ?? "", SPLUNK_HOME: home, PYTHONPYCACHEPREFIX: join(home, "pycache") },
    stdio: ["pipe", "ignore", "pipe"],
  });
  child.stdin.end(JSON.stringify(payload));
  let log = "";
  child.stderr.on("data", (chunk: Buffer) => {
    log += chunk.toString();
  });
  const exitCode = await new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("close", resolve);
  });
  if (exitCode !== 0) {
    throw new Error(`the action ended with ${String(exitCode)}: ${log}`);
  }
  return (performance.now() - startMs) / 1000;
}

function answerJson(status: number, body: object): RequestListener {
  return (request, response) => {
    request.resume();
    request.once("end", () => {
      response.writeHead(status, { "Content-Type": "application/json" });
      response.end(JSON.stringify(body));
    });
  };
}

async function listen(server: ReturnType<typeof createHttpServer> | ReturnType<typeof createHttpsServer>) {
  await new Promise<void>((resolve) => {
    server.listen(0, "127.0.0.1", resolve);
  });
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- it listens on a port
  return (server.address() as AddressInfo).port;
}
