import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, afterEach, describe, expect, test } from "vitest";
import { startAbuseIpdb } from "../fakes/abuseipdb.ts";
import { findPostgres, startPostgres } from "../fakes/postgres.ts";
import { type SmtpServer, startSmtp } from "../fakes/smtp.ts";
import { startVirusTotal } from "../fakes/virustotal.ts";
import type { StoreCounts } from "../../src/ports.ts";
import { eventually } from "../fakes/eventually.ts";
import { type FirewallHost, skipSystemTests, startFirewallHost } from "./namespaces.ts";
import { apiKey, enforcingSettings, type PortcullisProcess, runPortcullis } from "./run-process.ts";

const reason = skipSystemTests();
const withPostgres = findPostgres() !== undefined || process.env["PORTCULLIS_REQUIRE_SYSTEM"] === "1";
const token = "whole-test-token-1234";
const attacker = "203.0.113.45";
const alert = readFileSync(join(import.meta.dirname, "../fixtures/splunk/scheduled.json"), "utf8");

describe.skipIf(reason !== null)(
  `the whole program on real parts${reason === null ? "" : ` (skipped: ${reason})`}`,
  () => {
    let host: FirewallHost;
    let virusTotal: Awaited<ReturnType<typeof startVirusTotal>>;
    let abuseIpdb: Awaited<ReturnType<typeof startAbuseIpdb>>;
    let smtp: SmtpServer;
    let dir: string;
    let env: Readonly<Record<string, string>>;
    let processes: PortcullisProcess[];

    beforeAll(async () => {
      virusTotal = await startVirusTotal({
        apiKey,
        addresses: { [attacker]: { malicious: 8, harmless: 60 } },
      });
      abuseIpdb = await startAbuseIpdb({
        apiKey,
        addresses: { [attacker]: { score: 97, reports: 41, reporters: 12 } },
      });
    });
    afterAll(async () => {
      await Promise.all([virusTotal.stop(), abuseIpdb.stop()]);
    });

    beforeEach(async () => {
      host = await startFirewallHost();
      smtp = await startSmtp({ tls: "none" });
      dir = mkdtempSync(join(tmpdir(), "portcullis-whole-"));
      processes = [];
      env = {
        ...enforcingSettings({
          dir,
          token,
          host,
          virusTotalUrl: virusTotal.url,
          abuseIpdbUrl: abuseIpdb.url,
        }),
        SMTP_SERVER: smtp.host,
        SMTP_PORT: String(smtp.port),
        SMTP_TLS: "none",
        MAIL_FROM: "portcullis@example.net",
        ADMIN_EMAIL: "admin@example.net",
      };
    });
    afterEach(async () => {
      for (const { child, ended } of processes) {
        child.kill("SIGKILL");
        await ended;
      }
      await smtp.stop();
      await host.stop();
      rmSync(dir, { recursive: true, force: true });
    });

    function start(changes: Readonly<Record<string, string>> = {}): PortcullisProcess {
      const started = runPortcullis(["serve"], { ...env, ...changes }, dir);
      processes.push(started);
      return started;
    }

    const post = async (url: string, body: string): Promise<Response> =>
      fetch(`${url}/webhooks/splunk/${token}`, { method: "POST", body });
    const isBlocked = async (): Promise<boolean> => !(await host.attacker.ping(attacker));
    const mails = () => smtp.messages.map(({ mail }) => mail.subject);

    test("alert in, packets dropped, mail out; the block outlives SIGTERM and a restart, and no second mail comes", async () => {
      const first = start();
      const url = await first.listening;
      expect(await host.attacker.ping(attacker)).toBe(true);

      const answer = await post(url, alert);
      expect(answer.status).toBe(202);
      await eventually("the drop", isBlocked);
      const { mail } = await smtp.waitForMessage(() => true, 10_000);
      expect(mail.subject).toContain(attacker);
      expect(mail.text).toContain("Verified in the kernel");
      expect(mail.text).toContain("https://www.abuseipdb.com/check/203.0.113.45");

      first.child.kill("SIGTERM");
      expect(await first.ended).toBe(0);
      expect(await isBlocked()).toBe(true);

      const second = start();
      expect(await (await post(await second.listening, alert)).json()).toMatchObject({ status: "duplicate" });
      expect(await isBlocked()).toBe(true);
      second.child.kill("SIGTERM");
      expect(await second.ended).toBe(0);
      expect(mails()).toHaveLength(1);
      expect(second.err() + first.err()).not.toContain(token);
    });

    test("kill -9 between 202 and block: the next start blocks, and one mail comes", async () => {
      // Not what is asked about the key at the start.
      virusTotal.failNext("silent", 1, attacker);
      abuseIpdb.failNext("silent", 1, attacker);
      const lookUps = () =>
        [...virusTotal.requests, ...abuseIpdb.requests].filter((path) => path.includes(attacker)).length;
      const asked = lookUps();
      const first = start();
      expect((await post(await first.listening, alert)).status).toBe(202);
      await eventually("the look-ups", () => lookUps() === asked + 2);
      first.child.kill("SIGKILL");
      await first.ended;
      expect(await host.attacker.ping(attacker)).toBe(true);

      const second = start();
      await second.listening;

      await eventually("the drop", isBlocked);
      await smtp.waitForMessage(() => true, 10_000);
      second.child.kill("SIGTERM");
      expect(await second.ended).toBe(0);
      expect(mails()).toHaveLength(1);
    });

    test("kill -9 at many moments after 202: always blocked in the end, never two decisions", async () => {
      for (const delayMs of [0, 2, 5, 10, 20, 40]) {
        const victim = start();
        const url = await victim.listening;
        const body = JSON.stringify({ ...JSON.parse(alert), sid: `1760000400.${delayMs + 1}` });
        const answered = post(url, body).then(({ status }) => status);
        expect(await answered).toBe(202);
        await new Promise((resolve) => {
          setTimeout(resolve, delayMs);
        });
        victim.child.kill("SIGKILL");
        await victim.ended;
      }

      const last = start();
      await last.listening;
      await eventually("the drop", isBlocked);
      await smtp.waitForMessage(() => true, 20_000);
      const status = await eventually("all decided", async () => {
        const asked = runPortcullis(["status", "--json", "--url", await last.listening], env, dir);
        await asked.ended;
        const report: { readonly counts: StoreCounts } = JSON.parse(asked.out());
        const { decisions } = report.counts;
        return (decisions["block"] ?? 0) + (decisions["ignore"] ?? 0) === 6 ? decisions : null;
      });
      expect(status["block"]).toBe(1);
      expect(new Set(smtp.messages.map(({ mail }) => mail.messageId)).size).toBe(1);
    });

    test.runIf(withPostgres)("on PostgreSQL: alert in, packets dropped, mail out", async () => {
      const postgres = await startPostgres(findPostgres() ?? "");
      try {
        const running = start({ DATABASE_URL: await postgres.createDatabase() });

        expect((await post(await running.listening, alert)).status).toBe(202);

        await eventually("the drop", isBlocked);
        const { mail } = await smtp.waitForMessage(() => true, 10_000);
        expect(mail.text).toContain("Verified in the kernel");
        running.child.kill("SIGTERM");
        expect(await running.ended).toBe(0);
      } finally {
        await postgres.remove();
      }
    });

    test("an unknown host key is refused with the line to add; nothing is sent there", async () => {
      const { SSH_HOST_KEY: _pin, ...unpinned } = env;
      env = unpinned;
      const running = start();
      await post(await running.listening, alert);

      await eventually(
        "the refusal",
        () =>
          running.err().includes("SSH_HOST_KEY_UNKNOWN") ||
          running.err().includes(`SSH_HOST_KEY=${host.hostKey}`),
      );
      expect(running.err()).toContain(`SSH_HOST_KEY=${host.hostKey}`);
      expect(await host.attacker.ping(attacker)).toBe(true);
    });

    test("unblock lets the packets through again", async () => {
      const running = start();
      const url = await running.listening;
      await post(url, alert);
      await eventually("the drop", isBlocked);

      const unblock = runPortcullis(["unblock", "--url", url, attacker], env, dir);

      expect(await unblock.ended).toBe(0);
      await eventually("the packets", () => host.attacker.ping(attacker));
    });
  },
);
