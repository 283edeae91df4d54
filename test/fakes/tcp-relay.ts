import { connect, createServer, type Socket } from "node:net";

/** Where a piece of data comes from: `there` is from whoever connected, on its way to the target. */
export type Direction = "there" | "back";

/** A bad line between two ends of TCP. */
export interface TcpRelay {
  readonly port: number;
  /** Each piece arrives so much later. */
  delayMs: number;
  /** Holds everything back, in both directions, without closing anything: a line that is down. */
  isDown: boolean;
  /** Asked before a piece is passed on; false holds back this one and all that follow. */
  passes: (direction: Direction, piece: Buffer) => boolean;
  readonly counts: { connections: number };
  /** Resets every connection. */
  cut(): void;
  stop(): Promise<void>;
}

const pieceBytes = 4096;

/** Listens on loopback and passes everything on to the target. */
export async function startTcpRelay(target: {
  readonly host: string;
  readonly port: number;
}): Promise<TcpRelay> {
  const sockets = new Set<Socket>();
  const server = createServer({ noDelay: true }, (near) => {
    relay.counts.connections += 1;
    const far = connect({ ...target, noDelay: true });
    for (const socket of [near, far]) {
      sockets.add(socket);
      socket.on("error", () => undefined);
    }
    couple(relay, "there", [near, far]);
    couple(relay, "back", [far, near]);
  });
  const relay: { -readonly [key in keyof TcpRelay]: TcpRelay[key] } = {
    port: 0,
    delayMs: 0,
    isDown: false,
    passes: () => true,
    counts: { connections: 0 },
    cut() {
      for (const socket of sockets) {
        socket.destroy();
      }
      sockets.clear();
    },
    stop: () =>
      new Promise((resolve) => {
        relay.cut();
        server.close(() => {
          resolve();
        });
      }),
  };
  await new Promise<void>((resolve) => {
    server.listen(0, "127.0.0.1", resolve);
  });
  const address = server.address();
  relay.port = typeof address === "object" && address !== null ? address.port : 0;
  return relay;
}

function couple(relay: TcpRelay, direction: Direction, [from, to]: readonly [Socket, Socket]): void {
  const held: Buffer[] = [];
  let isHeld = false;
  const pass = (): void => {
    if (!relay.isDown) {
      for (const piece of held.splice(0)) {
        to.write(piece);
      }
    }
  };
  const timer = setInterval(pass, 20);
  from.on("data", (data: Buffer) => {
    setTimeout(() => {
      for (let start = 0; start < data.length; start += pieceBytes) {
        const piece = data.subarray(start, start + pieceBytes);
        isHeld ||= !relay.passes(direction, piece);
        if (isHeld) {
          break;
        }
        held.push(piece);
      }
      pass();
    }, relay.delayMs);
  });
  from.on("close", () => {
    setTimeout(() => {
      clearInterval(timer);
      if (!relay.isDown) {
        to.destroy();
      }
    }, relay.delayMs);
  });
}
