import { createHmac } from "node:crypto";
import { describe, expect, test } from "vitest";
import { knownHost } from "../../src/enforce/iptables-ssh/known-hosts.ts";

function hashed(name: string): string {
  const salt = Buffer.from("0123456789abcdefghij");
  return `|1|${salt.toString("base64")}|${createHmac("sha1", salt).update(name).digest("base64")}`;
}

describe("knownHost", () => {
  test.each([
    ["the name alone", "edge.example ssh-ed25519 AAAA", "edge.example", 22],
    ["in another case", "EDGE.example ssh-ed25519 AAAA", "edge.EXAMPLE", 22],
    ["one of several", "a,edge.example,b ssh-ed25519 AAAA", "edge.example", 22],
    ["with a comment behind", "192.0.2.1 ssh-ed25519 AAAA root@edge", "192.0.2.1", 22],
    ["another port", "[edge.example]:2222 ssh-ed25519 AAAA", "edge.example", 2222],
    ["port 22 in brackets", "[edge.example]:22 ssh-ed25519 AAAA", "edge.example", 22],
    ["an IPv6 address", "2001:db8::1 ssh-ed25519 AAAA", "2001:db8::1", 22],
    ["an IPv6 address with a port", "[2001:db8::1]:2222 ssh-ed25519 AAAA", "2001:db8::1", 2222],
    ["a star", "*.example ssh-ed25519 AAAA", "edge.example", 22],
    ["a question mark", "edge?.example ssh-ed25519 AAAA", "edge1.example", 22],
    ["a hashed name", `${hashed("edge.example")} ssh-ed25519 AAAA`, "edge.example", 22],
    [
      "a hashed name with its port",
      `${hashed("[edge.example]:2222")} ssh-ed25519 AAAA`,
      "edge.example",
      2222,
    ],
    ["tabs and a carriage return", "edge.example\tssh-ed25519\tAAAA\r", "edge.example", 22],
  ])("finds %s", (_what, line, host, port) => {
    const known = knownHost(`# a comment\n\n${line}\n`, host, port);

    expect(known.trusted).toMatchObject([{ type: "ssh-ed25519", key: "AAAA" }]);
  });

  test.each([
    ["another host", "other.example ssh-ed25519 AAAA", 22],
    ["another port", "[edge.example]:2222 ssh-ed25519 AAAA", 22],
    ["port 22 for another one", "edge.example ssh-ed25519 AAAA", 2222],
    ["a negated name", "*.example,!edge.example ssh-ed25519 AAAA", 22],
    ["a negated name first", "!edge.example,*.example ssh-ed25519 AAAA", 22],
    ["a dot that is no wildcard", "edgeXexample ssh-ed25519 AAAA", 22],
    ["a comment", "#edge.example ssh-ed25519 AAAA", 22],
    ["a line without key", "edge.example ssh-ed25519", 22],
    ["another hash", `${hashed("other.example")} ssh-ed25519 AAAA`, 22],
    ["a broken hash", "|1|AAAA ssh-ed25519 AAAA", 22],
    ["a certificate authority", "@cert-authority *.example ssh-ed25519 AAAA", 22],
  ])("does not take %s for it", (_what, line, port) => {
    expect(knownHost(line, "edge.example", port)).toEqual({ trusted: [], revoked: [] });
  });

  test("keeps revoked keys apart", () => {
    const known = knownHost("@revoked * ssh-ed25519 BBBB\nedge ssh-rsa AAAA", "edge", 22);

    expect(known.revoked).toMatchObject([{ type: "ssh-ed25519", key: "BBBB" }]);
    expect(known.trusted).toMatchObject([{ type: "ssh-rsa", key: "AAAA" }]);
  });
});
