import type { Server } from "node:http";
import type { DropArgument, Socket } from "node:net";
import type { Refusals } from "./refusals.ts";
import { senderKeyOf } from "./remote-address.ts";

/** Tells of connections that are refused because there are too many in all: whoever was refused learns nothing but that. */
export function tellOfDrops(server: Server, refusals: Refusals): void {
  server.on("drop", (dropped?: DropArgument) => {
    refusals.note("too_many_connections", (dropped?.remoteAddress ?? "").replace(/^::ffff:/, ""));
  });
}

/** Ends a sender's connections above `most` at once, so that whoever holds very many open leaves room for others. */
export function limitConnections(server: Server, most: number, refusals: Refusals): void {
  const open = new Map<string, number>();
  server.on("connection", (socket: Socket) => {
    const remoteAddress = socket.remoteAddress ?? "";
    const sender = senderKeyOf(remoteAddress.replace(/^::ffff:/, ""));
    const count = (open.get(sender) ?? 0) + 1;
    open.set(sender, count);
    socket.once("close", () => {
      const left = (open.get(sender) ?? 1) - 1;
      if (left === 0) {
        open.delete(sender);
      } else {
        open.set(sender, left);
      }
    });
    if (count > most) {
      refusals.note("too_many_connections", remoteAddress);
      socket.destroy();
    }
  });
}
