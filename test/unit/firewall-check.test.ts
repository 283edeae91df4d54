import { describe, expect, test } from "vitest";
import type { HostFacts } from "../../src/enforce/host-check/check-item.ts";
import { judgeHost } from "../../src/enforce/host-check/judge-host.ts";
import { prefix } from "../fakes/samples.ts";
import { emptyState, factsWith, noon, said } from "./firewall-check-desk.ts";

/** The traces of a working installation. */
const inPlace = {
  "iptables-save4": ["*raw", ":PORTCULLIS - [0:0]", "-A PREROUTING -j PORTCULLIS", "COMMIT"],
  sets: ["Name: portcullis4", "Type: hash:net"],
};

describe("a check of a well-kept host", () => {
  test("has nothing bad, and says how it works", () => {
    const items = judgeHost(factsWith());

    expect(items.filter(({ level }) => level === "bad")).toEqual([]);
    expect(items.map(({ item }) => item).join(", ")).toBe(
      "login, rights, shell, iptables, IPv6, ipset, nft, way of blocking, tables, conntrack, Docker, other managers, our blocks, capacity, clock, default gateway",
    );
    expect(said("shell", factsWith())).toContain(
      "Debian GNU/Linux 12 (bookworm), Linux 6.1.0-30-amd64 x86_64",
    );
    expect(said("our blocks", factsWith())).toBe(
      "ok: nothing of ours is there yet; the first block puts it in place",
    );
  });
});

describe("the login", () => {
  const loginWith = (login: Partial<HostFacts["login"]>): HostFacts => {
    const facts = factsWith();
    return { ...facts, login: { ...facts.login, ...login } };
  };

  test.each([
    [{ via: "root" } as const, /^warning: .*root.*`portcullis firewall install edge-1`/],
    [{ via: "sudo", user: "admin" } as const, /^warning: sudo \(Sudo version 1\.9\.13p3\).*firewall install/],
    [{ via: "helper", user: "portcullis" } as const, /^ok: the installed helper, of this very version/],
  ])("%o", (login, words) => {
    expect(said("rights", loginWith(login))).toMatch(words);
  });

  test("names user, host, way and time, and never the password", () => {
    const jump = { host: "bastion", port: 2222, user: "hop" };
    const text = said("login", loginWith({ password: "correct horse", user: "admin", jump }));

    expect(text).toBe(
      "ok: admin@198.51.100.2:22 with a password, through hop@bastion:2222; ready after 0.12 s; the host key is the pinned one",
    );
  });
});

describe("the tools", () => {
  test.each([
    ["iptables v1.8.9 (nf_tables)", "sets", /^ok: .*nftables rules in the kernel/],
    ["iptables v1.8.9 (legacy)", "sets", /^ok: iptables v1\.8\.9 \(legacy\): the old/],
    ["iptables v1.6.1", "sets", /^ok: iptables v1\.6\.1 \(legacy\): the old/],
    ["missing", "nft", /^ok: not there, and not needed/],
    ["missing", "rules", /^bad: .*install the package/],
  ])("iptables: %s with %s", (version, backend, words) => {
    expect(said("iptables", factsWith({ iptables: [version] }, { backend }))).toMatch(words);
  });

  test.each([
    ["ipset v7.17, protocol version: 7", "sets", /^ok: .*the kernel takes sets/],
    ["missing", "nft", /^ok: not there, and not needed/],
    ["missing", "rules", /^warning: missing: install the package ipset/],
    ["ipset v7.17, protocol version: 7", "rules", /^warning: .*the kernel refuses it/],
  ])("ipset: %s with %s", (version, backend, words) => {
    expect(said("ipset", factsWith({ ipset: [version] }, { backend }))).toMatch(words);
  });

  test.each([
    ["sets", /^ok: ipset and one iptables rule/],
    ["nft", /^ok: an nftables table/],
    ["rules", /^warning: one iptables rule per network/],
    ["magic", /^bad: .*magic/],
  ])("way of blocking: %s", (backend, words) => {
    expect(said("way of blocking", factsWith({}, { backend }))).toMatch(words);
  });

  test.each([
    ["1", [], /^ok: is off/],
    ["0", [], /^ok: is on and can be filtered/],
    ["0", ["IPv6: chain PORTCULLIS in table raw is missing"], /^ok: is on/],
    ["0", ["IPv6: ip6tables is missing on this host"], /^bad: is on, but can't be filtered .*get through/],
  ])("IPv6 with disable_ipv6 %s and %j", (value, faults, words) => {
    expect(said("IPv6", factsWith({ ip6: [value] }, { state: { ...emptyState, faults } }))).toMatch(words);
  });

  test("IPv6 that is off for all, but on for an interface, can pass", () => {
    const addr = ["1: lo    inet6 ::1/128 scope host", "2: eth0    inet 192.0.2.7/24 scope global eth0"];
    const faults = ["IPv6: ip6tables is missing on this host"];
    const judged = (...more: readonly string[]) =>
      said("IPv6", factsWith({ ip6: ["1"], addr: [...addr, ...more] }, { state: { ...emptyState, faults } }));

    expect(judged()).toMatch(/^ok: is off/);
    expect(judged("2: eth0    inet6 2001:db8::7/64 scope global")).toMatch(/^bad: is on/);
  });

  test("rules in both kinds of tables are told of", () => {
    const mixed = { "legacy-save4": ["*filter", ":INPUT ACCEPT [0:0]", "-A INPUT -s 192.0.2.1/32 -j DROP"] };

    expect(said("tables", factsWith(mixed))).toMatch(/^warning: mixed: 1 rules .*`iptables` \(nf_tables\)/);
    expect(said("tables", factsWith({ "legacy-save4": ["*filter", ":INPUT ACCEPT [0:0]"] }))).toMatch(/^ok/);
  });
});

describe("the neighbours", () => {
  test.each([
    [
      ["conntrack v1.4.7 (conntrack-tools)", "count 52428 max 65536"],
      /^warning: 52428 of 65536 .*\(80 %\): when/,
    ],
    [["conntrack v1.4.7 (conntrack-tools)", "count 51000 max 65536"], /^ok: 51000 of 65536 .*\(78 %\)/],
    [["missing", "count 1 max 10"], /^ok: .*conntrack is missing, and not needed/],
    [["missing"], /^ok: the kernel tracks no connections/],
  ])("conntrack %j", (conntrack, words) => {
    expect(said("conntrack", factsWith({ conntrack }))).toMatch(words);
  });

  test("each manager has its sentence", () => {
    const facts = factsWith({
      managers: [
        "ufw active",
        "firewalld installed",
        "fail2ban active",
        "crowdsec installed",
        "crowdsec-firewall-bouncer active",
        "netfilter-persistent installed",
      ],
      docker: ["interface docker0"],
    });

    expect(said("ufw", facts)).toMatch(/^ok: active: .*filter table/);
    expect(said("firewalld", facts)).toMatch(/^ok: installed: .*within a minute/);
    expect(said("fail2ban", facts)).toMatch(/^ok: active/);
    expect(said("CrowdSec", facts)).toMatch(/^ok: active: [^\n]*$/);
    expect(said("netfilter-persistent", facts)).toMatch(/^warning: .*do not run `netfilter-persistent save`/);
    expect(said("netfilter-persistent", { ...facts, backend: "nft" })).toMatch(/^ok/);
    expect(said("Docker", facts)).toMatch(/^ok: is there: .*containers are covered/);
    expect(said("other managers", facts)).toBe("");
  });
});

describe("what is ours", () => {
  test("in place, with its number of networks", () => {
    const state = { ...emptyState, entries: new Map([[prefix("203.0.113.9/32"), 60]]) };

    expect(said("our blocks", factsWith(inPlace, { state }))).toMatch(/^ok: 1 network is dropped now/);
  });

  test("there but not in force is bad", () => {
    const state = {
      ...emptyState,
      faults: ["IPv4: the jump from PREROUTING to PORTCULLIS is not the first rule"],
    };

    expect(said("our blocks", factsWith(inPlace, { state }))).toMatch(
      /^bad: packets may still pass: .*not the first/,
    );
    expect(said("our blocks", factsWith({}, { state }))).toMatch(/^ok: nothing of ours/);
  });

  test.each([
    [79, /^ok: 79 of 100/],
    [80, /^warning: 80 of 100 .*policy/],
    [94, /^warning/],
    [95, /^bad: 95 of 100 .*soon fail/],
  ])("%i of 100 networks", (used, words) => {
    const state = { ...emptyState, capacity: { used, most: 100 } };

    expect(said("capacity", factsWith({}, { state }))).toMatch(words);
  });

  test.each([
    [0, "sets", /^ok: agrees/],
    [-2, "sets", /^ok/],
    [1, "sets", /^ok/],
    [30, "sets", /^warning: is 30 s ahead of ours: blocks end in time/],
    [-31, "sets", /^warning: is 30 s behind ours/],
    [600, "rules", /^bad: is 600 s ahead of ours: here blocks end by the host's clock/],
  ])("a clock that is %i s off, with %s", (off, backend, words) => {
    expect(said("clock", factsWith({ date: [String(noon + off)] }, { backend }))).toMatch(words);
  });

  test("a slow answer is not taken for a wrong clock; none is told of", () => {
    const asked = { from: new Date((noon - 20) * 1000), until: new Date((noon + 20) * 1000) };

    expect(said("clock", factsWith({}, { asked }))).toMatch(/^ok/);
    expect(said("clock", factsWith({ date: ["?"] }))).toMatch(/^warning: the host does not tell/);
  });

  test.each([
    ["gateway 198.51.100.1 answers", /^ok: 198\.51\.100\.1 answers/],
    ["gateway fe80::1 silent", /^warning: fe80::1 does not answer/],
    ["gateway none", /^warning: there is none/],
  ])("%s", (line, words) => {
    expect(said("default gateway", factsWith({}, { gateways: [line] }))).toMatch(words);
  });
});
