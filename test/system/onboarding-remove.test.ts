import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, beforeEach, describe, expect, onTestFinished, test } from "vitest";
import { firewallRemove, type RemoveOptions } from "../../src/cli/firewall-remove.ts";
import { add, firewallOn, running } from "./firewall-desk.ts";
import { type FirewallHost, skipSystemTests, startFirewallHost } from "./namespaces.ts";
import { type Desk, openDesk } from "./onboarding-desk.ts";
import { runPortcullis } from "./run-process.ts";

const cannot = skipSystemTests();
const title = cannot === null ? "" : `: skipped, this machine ${cannot}`;
const token = "administrator-of-the-test-0123456789";

/** A receiver that answers these paths; any other is not found. */
async function startReceiver(answers: Readonly<Record<string, unknown>>, status = 200): Promise<number> {
  const server = createServer((request, response) => {
    const isAdmin = request.headers.authorization === `Bearer ${token}`;
    const answer = answers[request.url ?? ""];
    response.writeHead(isAdmin ? (answer === undefined ? 404 : status) : 401, {
      "Content-Type": "application/json",
    });
    response.end(JSON.stringify(answer ?? {}));
  });
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  await new Promise<void>((resolve) => {
    server.listen(0, "127.0.0.1", resolve);
  });
  const address: AddressInfo | string | null = server.address();
  return typeof address === "object" && address !== null ? address.port : 0;
}

describe.skipIf(cannot !== null)(`firewall remove, with a real sshd and kernel${title}`, () => {
  let host: FirewallHost;
  beforeAll(async () => {
    host = await startFirewallHost();
    await host.exec("iptables", "-t", "raw", "-A", "PREROUTING", "-s", "192.0.2.99", "-j", "DROP");
    await host.exec("iptables", "-A", "INPUT", "-p", "tcp", "--dport", "81", "-j", "ACCEPT");
    await host.exec("ipset", "create", "theirs", "hash:ip");
    // ip6tables makes its table when it is first asked.
    await tables();
    theirs = await tables();
  });
  afterAll(() => host.stop());

  let theirs: readonly string[] = [];
  const tables = async (): Promise<readonly string[]> => {
    const saved = await Promise.all([
      host.exec("iptables", "-S"),
      host.exec("iptables", "-t", "raw", "-S"),
      host.exec("ip6tables", "-t", "raw", "-S"),
      host.exec("ipset", "list", "-n"),
    ]);
    return saved.map(({ stdout }) => stdout);
  };

  beforeEach(async () => {
    const firewall = firewallOn(host);
    await firewall.apply([add("198.51.100.7/32"), add("2001:db8:5::/48")], running);
    await firewall.close();
  });

  const remove = (desk: Desk, options: RemoveOptions = {}) =>
    desk.run((one) => firewallRemove(one, "edge-1", options));

  test("takes out all of ours and nothing else, says what, and reads back that it is gone", async () => {
    const before = await tables();
    const { code, out, err } = await remove(openDesk(host));

    expect(err).toContain("no receiver answers at http://127.0.0.1:1, so nothing there puts it back");
    expect(before).not.toEqual(theirs);
    expect(code).toBe(0);
    expect(out).toMatch(/^removed .*PORTCULLIS/m);
    expect(out).toMatch(/^removed .*portcullis4/m);
    expect(out).toContain("Nothing of ours is left on edge-1");
    expect(await tables()).toEqual(theirs);
  });

  test("once more there is nothing to remove", async () => {
    await remove(openDesk(host));

    const { code, out } = await remove(openDesk(host));

    expect(code).toBe(0);
    expect(out).toContain("nothing of ours was there");
  });

  test.each([
    ["manages it", "enforce", { enabled: true }, 200, /Set `enabled: false` .*--force/],
    ["does not say", "enforce", {}, 200, /can't tell whether/],
    ["is broken", "enforce", { enabled: true }, 500, /can't tell whether/],
  ])("refuses while a running Portcullis %s, unless forced", async (_what, mode, firewall, status, why) => {
    const answers = { "/api/v1/status": { mode }, "/api/v1/firewalls/edge-1": firewall };
    const port = String(await startReceiver(answers, status));
    const desk = openDesk(host, {}, { PORT: port, ADMIN_TOKEN: token });

    const refused = await remove(desk);
    const untouched = await tables();
    const forced = await remove(desk, { force: true });

    expect(refused.code).toMatch(/^API_REFUSED: /);
    expect(refused.code).toMatch(why);
    expect(untouched).not.toEqual(theirs);
    expect(forced.code).toBe(0);
    expect(await tables()).toEqual(theirs);
  });

  test.each([
    [
      "only observes",
      { "/api/v1/status": { mode: "observe" }, "/api/v1/firewalls/edge-1": { enabled: true } },
    ],
    [
      "leaves it alone",
      { "/api/v1/status": { mode: "enforce" }, "/api/v1/firewalls/edge-1": { enabled: false } },
    ],
    ["does not know it", { "/api/v1/status": { mode: "enforce" } }],
  ])("goes on when a running Portcullis %s", async (_what, answers) => {
    const port = String(await startReceiver(answers));

    expect(await remove(openDesk(host, {}, { PORT: port, ADMIN_TOKEN: token }))).toMatchObject({ code: 0 });
    expect(await tables()).toEqual(theirs);
  });

  test("a real Portcullis that manages it is believed", async () => {
    const desk = openDesk(host);
    const server = runPortcullis(["serve"], { HOST: "127.0.0.1", PORT: "0", MODE: "enforce" }, desk.dir);
    const { port } = new URL(await server.listening);

    const env = { HOST: "127.0.0.1", PORT: port };
    const refused = runPortcullis(["firewall", "remove", "edge-1"], env, desk.dir);

    expect(await refused.ended).toBe(1);
    expect(refused.err()).toContain("API_REFUSED: a running Portcullis manages edge-1 in mode enforce");
    server.child.kill("SIGTERM");
    expect(await server.ended).toBe(0);
    expect((await remove(desk)).code).toBe(0);
  });

  test("a receiver that does not take our token is no leave to go on", async () => {
    const port = String(await startReceiver({}));

    const { code } = await remove(openDesk(host, {}, { PORT: port, ADMIN_TOKEN: `${token}-other` }));

    expect(code).toMatch(/^API_REFUSED: .*401/);
  });

  test("the helper's own login can't take the helper out", async () => {
    const { code } = await remove(openDesk(host, { via: "helper" }), { helper: true });

    expect(code).toMatch(/^CONFIG_INVALID: .*--login-user/);
  });
});
