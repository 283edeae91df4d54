import { describe, expect, test } from "vitest";
import type { SshLogin } from "../../src/config/config.ts";
import { createHostKeyCheck, fingerprintOf } from "../../src/enforce/iptables-ssh/host-key.ts";

const [offered, pinned, another] = ["offered", "pinned", "another"].map((text) => Buffer.from(text));

/** What is said about a host that offers its key, with these pins. */
function refusalWith(pins: Pick<SshLogin, "hostKeys" | "knownHosts">) {
  const login: SshLogin = {
    host: "192.0.2.1",
    port: 22,
    user: "root",
    password: null,
    privateKey: null,
    agent: null,
    ...pins,
  };
  const check = createHostKeyCheck({ name: "edge-1", login, jump: null, isJump: false }, []);
  expect(check.verify(offered ?? Buffer.alloc(0))).toBe(false);
  return check.refusal();
}

describe("a changed host key is refused with the key that was offered and those that are pinned", () => {
  const print = (key: Buffer | undefined) => fingerprintOf(key ?? Buffer.alloc(0));
  const line = (key: Buffer | undefined) => `192.0.2.1 ssh-rsa ${key?.toString("base64")}\n`;

  test.each([
    ["hostKeys", { hostKeys: [print(pinned), print(another)], knownHosts: null }],
    ["known_hosts", { hostKeys: [], knownHosts: `${line(pinned)}${line(another)}` }],
  ])("by %s", (_where, pins) => {
    const refusal = refusalWith(pins);

    expect(refusal?.code).toBe("SSH_HOST_KEY_CHANGED");
    expect(refusal?.message).toContain(
      `it offered ${print(offered)}, pinned is ${print(pinned)} or ${print(another)}; nothing was sent`,
    );
  });
});
