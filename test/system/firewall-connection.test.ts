import { setTimeout as pause } from "node:timers/promises";
import { describe, expect, onTestFinished, test } from "vitest";
import { eventually } from "../fakes/eventually.ts";
import { startSshFirewall } from "../fakes/ssh-firewall.ts";
import { add, failureOf, many, outcomesOf, running } from "./firewall-desk.ts";
import { openOn, standIn } from "./stand-in-desk.ts";

describe("the connection, to the stand-in", () => {
  test("stays open: ten changes take one login and one run of the script", async () => {
    const host = await standIn();
    const firewall = openOn(host);

    for (let n = 1; n <= 10; n += 1) {
      await firewall.apply([add(`203.0.113.${n}/32`)], running);
    }

    expect(host.counts).toMatchObject({ logins: 1, runs: 1, requests: 10 });
  });

  test("is not given up while nobody asks", async () => {
    const host = await standIn();
    const firewall = openOn(host, {}, { timeouts: { silenceMs: 400 } });
    await firewall.apply([add("203.0.113.1/32")], running);
    await pause(800);

    await firewall.apply([add("203.0.113.2/32")], running);

    expect(host.counts.logins).toBe(1);
  });

  test("the never-list is sent once, and again when it has changed", async () => {
    const host = await standIn();
    let nevers = ["198.51.100.0/24"];
    const firewall = openOn(host, {}, { neverBlock: () => nevers.map((never) => add(never).prefix) });

    expect(await outcomesOf(firewall, [add("198.51.100.1/32")])).toEqual([
      expect.stringContaining("refused"),
    ]);
    nevers = [];
    expect(await outcomesOf(firewall, [add("198.51.100.1/32")])).toEqual(["verified"]);
  });

  test("a large batch takes a run of its own on the same connection", async () => {
    const host = await standIn();
    const firewall = openOn(host);
    await firewall.read(running);

    const outcomes = await outcomesOf(firewall, many(5000));

    expect(outcomes.every((outcome) => outcome === "verified")).toBe(true);
    expect(host.counts).toMatchObject({ logins: 1, runs: 2, requests: 2 });
  });

  test("whatever the login shell prints is left out", async () => {
    const host = await standIn();
    host.misbehave.banner = "Welcome!\nverified 203.0.113.9/32\nerror: 7 updates\nno end of line";

    expect(await outcomesOf(openOn(host), [add("203.0.113.1/32")])).toEqual(["verified"]);
  });

  test("a host that says nothing is given up in time, and asked again later", async () => {
    const host = await standIn();
    host.misbehave.hang = true;
    const firewall = openOn(host);
    const start = performance.now();

    const failure = await failureOf(firewall.apply([add("203.0.113.1/32")], running));

    expect(failure).toMatchObject({ code: "FIREWALL_TIMEOUT", retryable: true });
    expect(failure.message).toContain("edge-1 (127.0.0.1:");
    expect(performance.now() - start).toBeLessThan(2000);
    host.misbehave.hang = false;
    expect(await outcomesOf(firewall, [add("203.0.113.1/32")])).toEqual(["verified"]);
  });

  test("a connection dropped in the middle of a change is a failure, and the next change connects again", async () => {
    const host = await standIn();
    const firewall = openOn(host);
    await firewall.read(running);
    host.misbehave.drop = true;

    const failure = await failureOf(firewall.apply([add("203.0.113.1/32")], running));

    expect(failure).toMatchObject({ code: "SSH_UNREACHABLE", retryable: true });
    host.misbehave.drop = false;
    expect(await outcomesOf(firewall, [add("203.0.113.1/32")])).toEqual(["verified"]);
  });

  test("a connection lost while nobody asks ends nothing but itself", async () => {
    const host = await standIn();
    const firewall = openOn(host);
    await firewall.read(running);
    await host.stop();
    await pause(20);
    const again = await startSshFirewall({ port: host.port });
    onTestFinished(() => again.stop());

    // Another host key, so this is refused; what counts is that it is a failure of ours, not of the process.
    const failure = await failureOf(firewall.read(running));

    expect(failure.code).toBe("SSH_HOST_KEY_CHANGED");
  });

  test("a script that is killed has failed", async () => {
    const host = await standIn();
    host.misbehave.killed = true;

    const failure = await failureOf(openOn(host).read(running));

    expect(failure).toMatchObject({ code: "FIREWALL_COMMAND_FAILED", retryable: true });
    expect(failure.message).toContain("was killed");
  });

  test("what the host says when the script can't start is part of the message", async () => {
    const host = await standIn();
    host.misbehave.refusal = "sh: 1: cannot fork";

    const failure = await failureOf(openOn(host).read(running));

    expect(failure.code).toBe("FIREWALL_COMMAND_FAILED");
    expect(failure.message).toContain("exited with 1: sh: 1: cannot fork");
  });

  test("a refusal of sudo names the line that is missing", async () => {
    const host = await standIn({ user: "portcullis" });
    host.misbehave.refusal = "sudo: a password is required";

    const failure = await failureOf(openOn(host, { via: "sudo", user: "portcullis" }).read(running));

    expect(failure.message).toContain("portcullis ALL=(root) NOPASSWD: /bin/sh");
  });

  test("a wrong password is told from an unreachable host, and not tried again soon", async () => {
    const host = await standIn();

    const failure = await failureOf(openOn(host, { password: "wrong-pass-word" }).read(running));

    expect(failure).toMatchObject({ code: "SSH_LOGIN_REFUSED", retryable: false });
    expect(failure.message).toContain("login as root was refused");
    expect(failure.message).not.toContain("wrong-pass-word");
  });

  test("a private key that is none is refused without a word of it", async () => {
    const host = await standIn();

    const failure = await failureOf(
      openOn(host, { privateKey: "not a key at all", password: null }).read(running),
    );

    expect(failure).toMatchObject({ code: "SSH_LOGIN_REFUSED", retryable: false });
    expect(failure.message).not.toContain("not a key at all");
  });

  test("nothing is sent to a host whose key is not the pinned one", async () => {
    const host = await standIn();
    const pin = `SHA256:${"A".repeat(43)}`;

    const failure = await failureOf(openOn(host, { hostKeys: [pin] }).read(running));

    expect(failure).toMatchObject({ code: "SSH_HOST_KEY_CHANGED", retryable: false });
    expect(failure.message).toContain(host.hostKey);
    expect(host.counts.logins).toBe(0);
  });

  test("without a pin the offered key is shown with the line to add, and nothing is sent", async () => {
    const host = await standIn();

    const failure = await failureOf(openOn(host, { hostKeys: [] }).read(running));

    expect(failure).toMatchObject({ code: "SSH_HOST_KEY_UNKNOWN", retryable: false });
    expect(failure.message).toContain(`SSH_HOST_KEY=${host.hostKey}`);
    expect(host.counts.logins).toBe(0);
  });

  test("one of several pins is enough", async () => {
    const host = await standIn();

    const firewall = openOn(host, { hostKeys: [`SHA256:${"A".repeat(43)}`, host.hostKey] });

    await expect(firewall.read(running)).resolves.toMatchObject({ faults: [] });
  });

  test("a closed port is unreachable, by name too", async () => {
    const host = await standIn();
    await host.stop();

    for (const name of ["127.0.0.1", "localhost"]) {
      const failure = await failureOf(openOn(host, { host: name }).read(running));
      expect(failure).toMatchObject({ code: "SSH_UNREACHABLE", retryable: true });
      expect(failure.message).toContain("ECONNREFUSED");
    }
  });

  test("an abort ends a change at once", async () => {
    const host = await standIn();
    host.misbehave.hang = true;
    const stopping = new AbortController();
    const firewall = openOn(host, {}, { timeouts: { silenceMs: 10_000 } });
    const work = failureOf(firewall.read(stopping.signal));
    await eventually("the login", () => host.counts.logins === 1, 2000);
    const start = performance.now();

    stopping.abort();

    expect((await work).code).toBe("SSH_UNREACHABLE");
    expect(performance.now() - start).toBeLessThan(1000);
  });
});
