import { execFileSync } from "node:child_process";
import { mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, describe, expect, test } from "vitest";
import { eventually } from "../fakes/eventually.ts";
import { runPortcullis } from "./run-process.ts";

const cleanups: (() => void)[] = [];
afterEach(() => {
  for (const cleanup of cleanups.splice(0).reverse()) {
    cleanup();
  }
});

function temporaryDir(): string {
  const dir = mkdtempSync(join(tmpdir(), "portcullis-process-"));
  cleanups.push(() => {
    rmSync(dir, { recursive: true, force: true });
  });
  return dir;
}

const free = { HOST: "127.0.0.1", PORT: "0" };

describe("the process", () => {
  test("wrong settings: every problem at once, no values, exit code 1", async () => {
    const { ended, out, err } = runPortcullis(
      ["serve"],
      { PORT: "70000-secret", MODE: "panic-secret", ALLOWLIST: "not-a-network-secret", SMTP_SEVER: "x" },
      temporaryDir(),
    );

    expect(await ended).toBe(1);
    for (const name of ["PORT", "MODE", "ALLOWLIST"]) {
      expect(err()).toContain(name);
    }
    expect(err()).toContain("SMTP_SEVER: did you mean SMTP_SERVER?");
    expect(err() + out()).not.toContain("secret");
  });

  test("with nothing configured: the first screen says what to do, secrets are kept and shown once", async () => {
    const dir = temporaryDir();

    const first = runPortcullis(["serve"], free, dir);
    const url = await first.listening;
    const token = /\/webhooks\/splunk\/(\S+)/.exec(first.out())?.[1] ?? "";
    const curl = /curl .*/.exec(first.out())?.[0] ?? "";
    const answer = await fetch(`${url}/webhooks/splunk/${token}`, {
      method: "POST",
      body: /-d '([^']+)'/.exec(curl)?.[1] ?? "",
    });
    first.child.kill("SIGTERM");

    expect(answer.status).toBe(202);
    expect(first.out()).toContain("Mode observe");
    for (const part of ["VIRUSTOTAL_API_KEY", "ABUSEIPDB_API_KEY", "SSH_HOST", "SMTP_SERVER"]) {
      expect(first.out()).toContain(part);
    }
    expect(await first.ended).toBe(0);
    expect(first.err()).not.toContain(token);
    for (const name of readdirSync(join(dir, "data"))) {
      expect({ name, mode: statSync(join(dir, "data", name)).mode & 0o077 }).toEqual({ name, mode: 0 });
    }

    const second = runPortcullis(["serve"], free, dir);
    await second.listening;
    second.child.kill("SIGTERM");
    await second.ended;
    expect(second.out()).not.toContain(token);
    // A shell asks for the token: the command works as it is.
    expect(second.out()).toMatch(/curl .* "\$\(npm run -s portcullis secrets \| awk '.*'\)"$/m);

    const secrets = runPortcullis(["secrets"], {}, dir);
    expect(await secrets.ended).toBe(0);
    expect(secrets.out()).toContain(token);
  });

  test("the port is taken: a sentence that says what to do, exit code 1", async () => {
    const first = runPortcullis(["serve"], free, temporaryDir());
    const port = new URL(await first.listening).port;

    const second = runPortcullis(["serve"], { HOST: "127.0.0.1", PORT: port }, temporaryDir());

    expect(await second.ended).toBe(1);
    expect(second.err()).toMatch(/another program listens there; set PORT/);
    first.child.kill("SIGTERM");
    expect(await first.ended).toBe(0);
  });

  test("a second process on the same data is refused; after kill -9 the next one starts", async () => {
    const dir = temporaryDir();
    const first = runPortcullis(["serve"], free, dir);
    await first.listening;

    const second = runPortcullis(["serve"], free, dir);
    expect(await second.ended).toBe(1);
    expect(second.err()).toContain("STORE_IN_USE");

    first.child.kill("SIGKILL");
    await first.ended;
    const third = runPortcullis(["serve"], free, dir);
    await third.listening;
    third.child.kill("SIGTERM");
    expect(await third.ended).toBe(0);
  });

  test("replay and status talk to the running receiver; status tells when it does not answer", async () => {
    const dir = temporaryDir();
    const server = runPortcullis(["serve"], free, dir);
    const url = await server.listening;
    const file = join(dir, "alert.json");
    writeFileSync(
      file,
      JSON.stringify({ sid: "1760000400.7", search_name: null, result: { src_ip: "203.0.113.9" } }),
    );

    const first = runPortcullis(["replay", "--url", url, file], {}, dir);
    expect(await first.ended).toBe(0);
    const second = runPortcullis(["replay", "--url", url, file], {}, dir);
    expect(await second.ended).toBe(0);
    const renewed = runPortcullis(["replay", "--new-sid", "--url", url, file], {}, dir);
    expect(await renewed.ended).toBe(0);
    const status = runPortcullis(["status", "--json", "--url", url], {}, dir);
    expect(await status.ended).toBe(0);
    server.child.kill("SIGTERM");
    await server.ended;
    const lost = runPortcullis(["status", "--url", url], {}, dir);

    expect(first.out()).toContain('"status":"accepted"');
    expect(second.out()).toContain('"status":"duplicate"');
    expect(renewed.out()).toContain('"status":"accepted"');
    expect(JSON.parse(status.out())).toMatchObject({ mode: "observe", counts: { alerts: 2 } });
    expect(await lost.ended).toBe(2);
    expect(lost.err()).toContain("npm start");
  });

  test("with a certificate of a private CA: the commands on this machine trust exactly that certificate", async () => {
    const dir = temporaryDir();
    const ca = ["-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2"];
    execFileSync("openssl", ["req", ...ca, "-subj", "/CN=CA", "-keyout", "ca.key", "-out", "ca.crt"], {
      cwd: dir,
      stdio: "ignore",
    });
    const leaf = ["-CA", "ca.crt", "-CAkey", "ca.key", "-subj", "/CN=portcullis.example.net"];
    execFileSync("openssl", ["req", ...ca, ...leaf, "-keyout", "tls.key", "-out", "tls.crt"], {
      cwd: dir,
      stdio: "ignore",
    });
    const tls = { TLS_CERT_FILE: "tls.crt", TLS_KEY_FILE: "tls.key", TLS_CLIENT_CA_FILE: "ca.crt" };
    const server = runPortcullis(["serve"], { ...free, ...tls }, dir);
    const { port } = new URL(await server.listening);

    const health = runPortcullis(["healthcheck"], { HOST: "127.0.0.1", PORT: port, ...tls }, dir);
    const replayed = runPortcullis(
      ["replay", "-"],
      { HOST: "127.0.0.1", PORT: port, ...tls },
      dir,
      '{"sid":"1","result":null}',
    );

    expect(await health.ended).toBe(0);
    expect(await replayed.ended).toBe(1);
    expect(replayed.err()).toContain("needs a client certificate");
    server.child.kill("SIGTERM");
    expect(await server.ended).toBe(0);
  });

  test("sources of alerts can't be blocked, unless that is everybody", async () => {
    const dir = temporaryDir();
    const settings = {
      ...free,
      ALLOW_DOCUMENTATION_ADDRESSES: "true",
      WEBHOOK_SOURCES: "127.0.0.1,198.51.100.0/24,::/0",
    };
    const server = runPortcullis(["serve"], settings, dir);
    const url = await server.listening;
    const file = join(dir, "alert.json");
    writeFileSync(
      file,
      JSON.stringify({ sid: "1", result: { src_ip: ["198.51.100.9", "203.0.113.9", "2001:db8::9"] } }),
    );

    const replayed = runPortcullis(["replay", "--url", url, file], {}, dir);
    expect(await replayed.ended).toBe(0);
    const decisions = () =>
      [...server.err().matchAll(/"ip":"([^"]+)".*"action":"([^"]+)"/g)].map(
        ([, ip, action]) => `${ip} ${action}`,
      );
    await eventually("three decisions", () => decisions().length === 3);

    expect(decisions().toSorted()).toEqual(["198.51.100.9 ignore", "2001:db8::9 watch", "203.0.113.9 watch"]);
    server.child.kill("SIGTERM");
    expect(await server.ended).toBe(0);
  });

  test("--help, --version and a wrong command", async () => {
    const dir = temporaryDir();

    const help = runPortcullis(["--help"], {}, dir);
    const version = runPortcullis(["--version"], {}, dir);
    const wrong = runPortcullis(["bloc"], {}, dir);

    expect(await help.ended).toBe(0);
    expect(help.out()).toContain("check-config");
    expect(await version.ended).toBe(0);
    expect(version.out()).toMatch(/^\d+\.\d+\.\d+\n$/);
    expect(await wrong.ended).toBe(1);
    expect(wrong.err()).toContain("unknown command");
  });
});
