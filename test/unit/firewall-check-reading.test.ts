import { generateKeyPairSync } from "node:crypto";
import { describe, expect, test } from "vitest";
import { chooseProbeAddresses } from "../../src/enforce/host-check/choose-probe-addresses.ts";
import { readProbe } from "../../src/enforce/host-check/read-probe.ts";
import { tracesOf } from "../../src/enforce/host-check/traces.ts";
import { sectionsOf } from "../../src/enforce/iptables-ssh/inspection.ts";
import { publicKeyOf } from "../../src/enforce/iptables-ssh/public-key.ts";
import { prefix } from "../fakes/samples.ts";

const probed = prefix("192.0.2.217/32");

describe("an inspection", () => {
  test("is split into sections; other lines are left out, and what could deceive a terminal is not shown", () => {
    const inspection = sectionsOf([
      "own 192.0.2.1",
      "text os A=1",
      "text uname Linux",
      "text os B=2",
      "text ruleset \t\tip saddr 1.2.3.4 drop",
      "text os",
      "text addr \u001b[31mred\u009b\u202e",
      "text __proto__ x",
    ]);

    expect([...inspection]).toEqual([
      ["os", ["A=1", "B=2", ""]],
      ["uname", ["Linux"]],
      ["ruleset", ["  ip saddr 1.2.3.4 drop"]],
      ["addr", ["\ufffd[31mred\ufffd\ufffd"]],
      ["__proto__", ["x"]],
    ]);
  });

  test("shows what of ours is there, whichever way it drops packets", () => {
    const inspection = sectionsOf([
      "text iptables-save4 :PREROUTING ACCEPT [0:0]",
      "text iptables-save4 :PORTCULLIS - [0:0]",
      "text iptables-save4 -A PREROUTING -j PORTCULLIS",
      "text iptables-save6 -A OUTPUT -j PORTCULLIS",
      "text iptables-save4 -A INPUT -m comment --comment PORTCULLIS -j ACCEPT",
      "text ruleset table inet portcullis {",
      "text ruleset table inet portcullis-of-others {",
      "text sets Name: portcullis6n",
      "text sets Name: portcullis-of-others",
    ]);

    expect(tracesOf(inspection)).toEqual([
      "iptables: chain PORTCULLIS",
      "iptables: -A PREROUTING -j PORTCULLIS",
      "ip6tables: -A OUTPUT -j PORTCULLIS",
      "nftables: table inet portcullis",
      "ipset: portcullis6n",
    ]);
  });
});

describe("a probe", () => {
  test.each([
    ["probe 192.0.2.217/32 3 3 3", true, ""],
    ["probe 192.0.2.217/32 3 2 3", false, "only 2 of 3 packets passed before"],
    ["probe 192.0.2.217/32 3 3 2", false, "only 2 of 3 were dropped"],
    ["probe 192.0.2.217/32 3 3 0", false, "BLOCKS DO NOT WORK"],
    ["probe 192.0.2.217/32 0 0 0", false, "no program that could send packets"],
    ["probe 192.0.2.217/32 failed the address is used here", false, "the address is used here"],
    ["refused 192.0.2.217/32 on the never-list", false, "on the never-list"],
    ["probe 192.0.2.217/32 3 three 3", false, "did not say"],
    ["probe 192.0.2.9/32 3 3 3", false, "did not say"],
    ["probe 192.0.2.217/32 3 3", false, "did not say"],
  ])("%s", (line, works, why) => {
    const read = readProbe(probed, [line]);

    expect(read.works).toBe(works);
    expect(read.why).toContain(why);
    expect(read.why === "").toBe(works);
  });

  test("takes addresses that nobody there uses", () => {
    const inspection = sectionsOf([
      "text addr 2: wan    inet 192.0.2.1/24 brd 192.0.2.255 scope global wan",
      "text addr 2: wan    inet6 2001:db8:5eed::1/64 scope global",
      "text route default via 192.0.2.254 dev wan",
      "text route default via ::/0 0.0.0.0/0",
      "text route 198.51.100.128/25 via 192.0.2.3 dev wan",
      "text route 2001:db8:ac00::/40 dev wan",
    ]);

    expect(chooseProbeAddresses(inspection, [prefix("198.51.100.89/32")])).toEqual([
      "198.51.100.23/32",
      "2001:db8:77::d1e/128",
    ]);
    expect(chooseProbeAddresses(inspection, [prefix("0.0.0.0/0"), prefix("2001:db8::/32")])).toEqual([]);
  });
});

describe("the public key of a login", () => {
  const { privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const text = privateKey.export({ type: "sec1", format: "pem" }).toString();

  test("is derived from the private one", async () => {
    expect(await publicKeyOf({ name: "edge-1", privateKey: text, agent: null })).toMatch(
      /^ecdsa-sha2-nistp256 AAAA[\w+/=]+ portcullis$/,
    );
  });

  test.each([
    ["no key at all", { agent: null }, /needs a key, and only a password is set.*ssh-keygen/],
    ["an agent that is not there", { agent: "/nowhere" }, /the SSH agent does not answer/],
  ])("%s is told of", async (_what, login, message) => {
    await expect(publicKeyOf({ name: "edge-1", privateKey: null, ...login })).rejects.toMatchObject({
      code: "CONFIG_INVALID",
      message: expect.stringMatching(message),
    });
  });
});
