import { expect, test } from "vitest";
import { block, enforcement, firewall, since, startAnswering } from "./answering-desk.ts";
import { temporaryDir } from "./run-app.ts";
import { runCommand } from "./run-command.ts";

test("unblock: a firewall has confirmed when the last of its blocks is off; one that was blocked again says so", async () => {
  let rounds = 0;
  const lifted = ["203.0.113.8/32", "203.0.113.9/32"];
  const { command } = await startAnswering((call) => {
    if (call.startsWith("DELETE")) {
      const graceUntil = "2026-11-21T13:00:00.000Z";
      return {
        prefix: "203.0.113.0/24",
        graceUntil,
        liftedCount: 1500,
        lifted: lifted.map((prefix) => ({ id: `bl_${prefix}`, prefix })),
        endedGraces: [],
      };
    }
    rounds += 1;
    const prefix = call.replace("GET /api/v1/blocks/", "");
    const isLate = prefix === lifted[1] && rounds < 6;
    const endedAt = new Date(Date.parse(since) + (prefix === lifted[1] ? 3400 : 100)).toISOString();
    return {
      blocks: [
        block(prefix, {
          state: "lifted",
          endedAt: since,
          lifted: { actor: "a", reason: "b", graceUntil: since },
          enforcements: [
            enforcement("edge-1", isLate ? "lifting" : "lifted", { endedAt: isLate ? null : endedAt }),
            enforcement("edge-2", "lifted", { endedAt, error: "blocked again by bl_7" }),
          ],
        }),
      ],
    };
  });

  const { exitCode, out } = await command("unblock", "203.0.113.0/24");

  expect(exitCode).toBe(0);
  expect(out.split("\n")).toEqual([
    expect.stringMatching(
      /^Lifted: 203\.0\.113\.8, 203\.0\.113\.9\. .* The first 2 of 1500 are followed here\.$/,
    ),
    "edge-2  blocked again by bl_7",
    "edge-1  2 blocks lifted, read back from the kernel, 3.4 s",
    "",
  ]);
  expect(rounds).toBeGreaterThanOrEqual(6);
});

test("unblock: what was enforced nowhere has nothing to be waited for", async () => {
  const { command } = await startAnswering((call) =>
    call.startsWith("DELETE")
      ? {
          prefix: "203.0.113.8/32",
          graceUntil: since,
          liftedCount: 1,
          lifted: [{ id: "bl_203.0.113.8/32", prefix: "203.0.113.8/32" }],
          endedGraces: [],
        }
      : { blocks: [block("203.0.113.8/32", { mode: "observe" })] },
  );

  const { exitCode, out } = await command("unblock", "203.0.113.8");

  expect(exitCode).toBe(0);
  expect(out).toContain("No firewall had it: there is nothing to take off.\n");
});

function liftAnswer(prefixes: readonly string[], endedGraces: readonly object[] = []): object {
  return {
    prefix: "203.0.113.0/24",
    graceUntil: since,
    liftedCount: prefixes.length,
    lifted: prefixes.map((prefix) => ({ id: `bl_${prefix}`, prefix })),
    endedGraces,
  };
}

test("unblock: a disabled firewall is not waited for, and no retries are promised of it", async () => {
  const { command, asked } = await startAnswering(
    (call) =>
      call.startsWith("DELETE")
        ? liftAnswer(["203.0.113.8/32"])
        : {
            blocks: [
              block("203.0.113.8/32", {
                state: "lifted",
                endedAt: since,
                lifted: { actor: "a", reason: "b", graceUntil: since },
                enforcements: [
                  enforcement("dmz-1", "lifting"),
                  enforcement("edge-1", "lifted", { endedAt: since }),
                  enforcement("gone-1", "lifting"),
                ],
              }),
            ],
          },
    [firewall("edge-1"), firewall("dmz-1", { enabled: false, state: "disabled" })],
  );

  const { exitCode, out, err } = await command("unblock", "203.0.113.8");

  expect(exitCode).toBe(1);
  expect(asked).toHaveLength(2);
  expect(out.split("\n").slice(1)).toEqual([
    "edge-1  lifted, read back from the kernel, 0 ms",
    `dmz-1  is disabled and may still drop it: enable it, or "portcullis firewall remove dmz-1"`,
    "gone-1  is no longer configured and may still drop it: configure it again, or take it off there by hand",
    "",
  ]);
  expect(err).toBe("Portcullis does not ask dmz-1, gone-1: above is what you can do.\n");
});

test("unblock: what is not confirmed in time is named by the networks that were lifted", async () => {
  const impatience = new AbortController();
  const { url } = await startAnswering((call) => {
    if (call.startsWith("DELETE")) {
      return liftAnswer(["203.0.113.8/32", "203.0.113.128/25"]);
    }
    impatience.abort();
    const prefix = call.replace("GET /api/v1/blocks/", "");
    return { blocks: [block(prefix, { enforcements: [enforcement("edge-1", "lifting")] })] };
  });

  const { err } = await runCommand(
    ["unblock", "203.0.113.0/24", "--url", url],
    { DATA_DIR: temporaryDir() },
    impatience.signal,
  );

  expect(err).toBe(
    `Not confirmed by edge-1. Portcullis keeps trying; see "portcullis status" and "portcullis blocks 203.0.113.8" and "portcullis blocks 203.0.113.128/25".\n`,
  );
});

test("unblock: a grace that it ends is told, also when nothing stands", async () => {
  const grace = {
    prefix: "203.0.113.0/24",
    until: "2999-01-01T00:00:00.000Z",
    actor: "alice",
    reason: "ours",
  };
  const { command } = await startAnswering(() => liftAnswer([], [grace]));

  const { exitCode, out } = await command("unblock", "203.0.113.8", "--grace", "0");

  expect(exitCode).toBe(0);
  expect(out).toBe(
    "Ended: the grace of 203.0.113.0/24 by alice, which would have gone on until 2999-01-01 00:00:00 UTC.\nNo block stands on 203.0.113.8: there is nothing to lift. Alerts may block it again at once.\n",
  );
});
