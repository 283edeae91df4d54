/**
 * Runs inside a network namespace: `node net-agent.ts echo` answers what it gets on UDP and TCP port 7777,
 * `node net-agent.ts attacker` does what it is told in lines of JSON on stdin and answers in the same way.
 */
import { createSocket } from "node:dgram";
import { connect, createServer, type Socket } from "node:net";
import { createInterface } from "node:readline";

const port = 7777;
const answerMs = 300;

interface Order {
  readonly id: number;
  /** `ping` sends one UDP packet; `open` connects by TCP; `say` sends over the connection that `open` made with this id. */
  readonly verb: "ping" | "open" | "say";
  readonly from: string;
  readonly to: string;
  readonly session: number;
}

const sessions = new Map<number, Socket>();

if (process.argv[2] === "echo") {
  const udp = createSocket("udp6");
  udp.on("message", (message, peer) => {
    udp.send(message, peer.port, peer.address);
  });
  udp.bind(port, "::");
  createServer((socket) => {
    socket.on("error", () => socket.destroy());
    socket.pipe(socket);
  }).listen(port, "::", () => {
    process.stdout.write("ready\n");
  });
} else {
  createInterface({ input: process.stdin }).on("line", (line) => {
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- our own test writes these lines
    const order = JSON.parse(line) as Order;
    void obey(order).then((answered) => {
      process.stdout.write(`${JSON.stringify({ id: order.id, answered })}\n`);
    });
  });
  process.stdout.write("ready\n");
}

function obey(order: Order): Promise<boolean> {
  switch (order.verb) {
    case "ping":
      return ping(order);
    case "open":
      return open(order);
    case "say":
      return say(order);
  }
  return order.verb satisfies never;
}

function ping({ from, to }: Order): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = createSocket(from.includes(":") ? "udp6" : "udp4");
    const end = (answered: boolean): void => {
      clearTimeout(timer);
      socket.close();
      resolve(answered);
    };
    const timer = setTimeout(() => {
      end(false);
    }, answerMs);
    socket.on("message", () => {
      end(true);
    });
    socket.bind(0, from, () => {
      socket.send("?", port, to);
    });
  });
}

function open({ from, to, session }: Order): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host: to, port, localAddress: from });
    const timer = setTimeout(() => {
      socket.destroy();
      resolve(false);
    }, answerMs);
    socket.on("error", () => {
      resolve(false);
    });
    socket.once("connect", () => {
      clearTimeout(timer);
      sessions.set(session, socket);
      resolve(true);
    });
  });
}

function say({ session }: Order): Promise<boolean> {
  const socket = sessions.get(session);
  return new Promise((resolve) => {
    const timer = setTimeout(() => {
      resolve(false);
    }, answerMs);
    socket?.once("data", () => {
      clearTimeout(timer);
      resolve(true);
    });
    socket?.write("!");
  });
}
