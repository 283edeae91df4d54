/**
 * Runs inside a network namespace: `node watch-agent.ts TARGET4 TARGET6 SOURCE…` sends a UDP packet from each source to port
 * 7777 every 20 ms. To each line on stdin it answers how many it has sent since the last one, and how many of them were lost.
 */
import { createSocket } from "node:dgram";
import { createInterface } from "node:readline";
import { setTimeout as pause } from "node:timers/promises";

const port = 7777;
const everyMs = 20;
/** An answer that takes longer than this is none: on a busy machine it may take long. */
const patienceMs = 3000;

const [target4 = "", target6 = "", ...sources] = process.argv.slice(2);
/** Sequence numbers of what is not answered yet, each with its source in front. */
const open = new Set<string>();
let sent = 0;
let numbered = 0;

for (const source of sources) {
  const isIpv6 = source.includes(":");
  const socket = createSocket(isIpv6 ? "udp6" : "udp4");
  socket.on("message", (message) => {
    open.delete(message.toString());
  });
  socket.on("error", () => undefined);
  socket.bind(0, source, () => {
    setInterval(() => {
      numbered += 1;
      sent += 1;
      const text = `${source} ${numbered}`;
      open.add(text);
      socket.send(text, port, isIpv6 ? target6 : target4);
    }, everyMs);
  });
}

createInterface({ input: process.stdin }).on("line", () => {
  const asked = new Set(open);
  const before = sent;
  sent = 0;
  void settle(asked).then(() => {
    const lost = [...asked].filter((text) => open.delete(text));
    process.stdout.write(`${JSON.stringify({ sent: before, lost: lost.length, first: lost[0] ?? null })}\n`);
  });
});
process.stdout.write("ready\n");

async function settle(asked: ReadonlySet<string>): Promise<void> {
  const deadline = performance.now() + patienceMs;
  while ([...asked].some((text) => open.has(text)) && performance.now() < deadline) {
    await pause(5);
  }
}
