import { createServer, type Server } from "node:http";
import { afterEach } from "vitest";
import { temporaryDir } from "./run-app.ts";
import { runCommand } from "./run-command.ts";

const servers: Server[] = [];
afterEach(() => {
  for (const server of servers.splice(0)) {
    server.close();
  }
});

/** Something that has these firewalls and answers any other request with what `answer` makes of it; `asked` collects them. */
export async function startAnswering(answer: (call: string) => object, firewalls: readonly object[] = usual) {
  const asked: string[] = [];
  const server = createServer((request, response) => {
    const call = `${request.method} ${request.url}`;
    response.setHeader("Content-Type", "application/json");
    if (call === "GET /api/v1/firewalls") {
      response.end(JSON.stringify({ firewalls }));
      return;
    }
    asked.push(call);
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
  return { asked, command, url };
}

export const since = "2026-11-20T13:00:00.000Z";

export function firewall(name: string, change: object = {}): object {
  return { name, enabled: true, state: "in-sync", unreachableSince: null, error: null, ...change };
}

export const usual = ["edge-0", "edge-1", "edge-2", "edge-3", "edge-4", "edge-9"].map((name) =>
  firewall(name),
);

export function enforcement(firewall: string, state: string, change: object = {}): object {
  return { firewall, state, endedAt: null, packets: 0, bytes: 0, error: null, ...change };
}

export function block(prefix: string, change: object = {}): object {
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
