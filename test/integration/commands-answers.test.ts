import { createServer, type Server } from "node:http";
import { afterEach, expect, test } from "vitest";
import { temporaryDir } from "./run-app.ts";
import { runCommand } from "./run-command.ts";

const servers: Server[] = [];
afterEach(() => {
  for (const server of servers.splice(0)) {
    server.close();
  }
});

/** Something that answers each request with what `answer` makes of it; `asked` collects them. */
async function startAnswering(answer: (call: string) => object) {
  const asked: string[] = [];
  const server = createServer((request, response) => {
    const call = `${request.method} ${request.url}`;
    asked.push(call);
    response.setHeader("Content-Type", "application/json");
    response.end(JSON.stringify(answer(call)));
  });
  servers.push(server);
  await new Promise<void>((resolve) => {
    server.listen(0, "127.0.0.1", resolve);
  });
  const address = server.address();
  const url = `http://127.0.0.1:${typeof address === "object" && address !== null ? address.port : 0}`;
  const command = (...args: readonly string[]) =>
    runCommand([...args, "--url", url], { DATA_DIR: temporaryDir() });
  return { asked, command };
}

const since = "2026-11-20T13:00:00.000Z";

function enforcement(firewall: string, state: string, change: object = {}): object {
  return { firewall, state, endedAt: null, packets: 0, bytes: 0, error: null, ...change };
}

function block(prefix: string, change: object = {}): object {
  return {
    id: `bl_${prefix}`,
    prefix,
    mode: "enforce",
    createdAt: since,
    expiresAt: "2026-11-21T13:00:00.000Z",
    state: "standing",
    endedAt: null,
    lifted: null,
    enforcements: [],
    ...change,
  };
}

test("blocks: without end, over, observed, on many firewalls; hostile text is shown without what a terminal would obey", async () => {
  const many = Array.from({ length: 5 }, (_, index) => enforcement(`edge-${index}`, "verified"));
  const evil = "a\u001b[2J\u009b\u202eb";
  const { command } = await startAnswering(() => ({
    blocks: [
      block("203.0.113.0/24", {
        expiresAt: null,
        enforcements: [...many, enforcement("edge-9", "withdrawn")],
      }),
      block("2001:db8::5/128", {
        state: "ended",
        endedAt: since,
        enforcements: [enforcement("edge-1", "expired", { packets: 3, bytes: 1_500_000 })],
      }),
      block("203.0.113.9/32", { mode: "observe" }),
      block("203.0.113.8/32", {
        state: "lifted",
        endedAt: since,
        lifted: { actor: evil, reason: evil, graceUntil: since },
        enforcements: [enforcement(evil, "lifted", { packets: 1 })],
      }),
    ],
    next: null,
  }));

  const { out } = await command("blocks", "--all");
  const json = await command("blocks", "--all", "--json");

  const lines = out.split("\n").map((line) => line.replaceAll(/ {2,}/g, "|"));
  expect(lines.slice(1)).toEqual([
    "203.0.113.0/24|somebody lifts it|2026-11-20 13:00:00 UTC|verified 5 firewalls; withdrawn edge-9|0|0 B",
    "2001:db8::5|over 2026-11-20 13:00:00 UTC|2026-11-20 13:00:00 UTC|expired edge-1|3|1.5 MB|▇▇▇▇▇▇▇▇▇▇▇▇",
    "203.0.113.9|2026-11-21 13:00:00 UTC|2026-11-20 13:00:00 UTC|none: made in mode observe|0|0 B",
    "203.0.113.8|lifted 2026-11-20 13:00:00 UTC by a\ufffd[2J\ufffd\ufffdb: a\ufffd[2J\ufffd\ufffdb|2026-11-20 13:00:00 UTC|lifted a\ufffd[2J\ufffd\ufffdb|1|0 B|▇▇▇▇",
    "",
  ]);
  // oxlint-disable-next-line no-control-regex -- that there are none is what is tested
  expect(json.out).not.toMatch(/[\u001b\u009b\u202e]/);
  expect(JSON.stringify(JSON.parse(json.out))).toContain(JSON.stringify(evil));
});

test("blocks: pages are put together until there are enough", async () => {
  const { command, asked } = await startAnswering((call) => ({
    blocks: Array.from({ length: Number(/limit=(\d+)/.exec(call)?.[1]) }, () => block("203.0.113.9/32")),
    next: "a&b",
  }));

  const { out } = await command("blocks", "--limit", "1100");

  expect(asked).toEqual([
    "GET /api/v1/blocks?limit=500&standing=true",
    "GET /api/v1/blocks?limit=500&standing=true&cursor=a%26b",
    "GET /api/v1/blocks?limit=100&standing=true&cursor=a%26b",
  ]);
  expect(out.split("\n")).toHaveLength(1 + 1100 + 2);
});

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
        }
      : { blocks: [block("203.0.113.8/32", { mode: "observe" })] },
  );

  const { exitCode, out } = await command("unblock", "203.0.113.8");

  expect(exitCode).toBe(0);
  expect(out).toContain("No firewall had it: there is nothing to take off.\n");
});
