import type { IpAddress } from "../../../domain/ip-address.ts";
import type { LogEvent } from "../log-event.ts";
import { createRecentMap } from "../recent-map.ts";

/**
 * What a line of sshd tells: `failed` an attempt; `key` one with a key, or with nothing; `ahead` an attempt of which a `failed` line usually follows;
 * `over` the end of a connection that never logged in; `accepted` that it did.
 */
export type Verb = "failed" | "key" | "ahead" | "over" | "accepted";

/** Counts each attempt once, though several lines tell of it. */
export interface Connections {
  /** @param id the process, or the peer's port where no process is told */
  hear(id: string, verb: Verb, event: LogEvent): void;
  /** Gives what was held back. */
  end(): void;
  /** How many are held back. */
  readonly held: number;
}

/** What is known of a connection, because several lines tell of the same attempt. */
interface Connection {
  readonly ip: IpAddress;
  /** Attempts that were counted. */
  counted: number;
  /** One of them was counted before the line that usually tells of it. */
  isAhead: boolean;
  /** A key that did not fit. An agent offers all it has, so it is a failure only when nothing fits in the end. */
  key: LogEvent | null;
}

const mostConnections = 8192;

/** @param take gets the events, each with the attempts that were not counted yet */
export function createConnections(take: (event: LogEvent) => void): Connections {
  let held = 0;
  const release = (connection: Connection): void => {
    if (connection.key !== null) {
      take(connection.key);
      drop(connection);
    }
  };
  const drop = (connection: Connection): void => {
    held -= connection.key === null ? 0 : 1;
    connection.key = null;
  };
  const connections = createRecentMap<string, Connection>(mostConnections, release);
  const find = (id: string, ip: IpAddress): Connection => {
    const known = connections.get(id);
    if (known?.ip === ip) {
      return known;
    }
    if (known !== undefined) {
      release(known);
    }
    const fresh: Connection = { ip, counted: 0, isAhead: false, key: null };
    connections.set(id, fresh);
    return fresh;
  };

  return {
    hear(id, verb, event) {
      const connection = find(id, event.ip);
      if (verb === "key") {
        if (connection.counted === 0 && connection.key === null) {
          connection.key = event;
          held += 1;
        }
        return;
      }
      drop(connection);
      const count = verb === "accepted" ? 0 : settle(connection, verb, event.count);
      connection.counted += count;
      if (count > 0) {
        take({ ...event, count });
      }
      if (verb === "accepted") {
        connections.delete(id);
      }
    },
    end() {
      for (const connection of connections.values()) {
        release(connection);
      }
    },
    get held() {
      return held;
    },
  };
}

/** How many attempts the line adds to what was told before. */
function settle(connection: Connection, verb: "failed" | "ahead" | "over", count: number): number {
  if (verb === "over") {
    return connection.counted > 0 ? 0 : 1;
  }
  const wasAhead = connection.isAhead;
  connection.isAhead = verb === "ahead";
  if (verb === "ahead") {
    return wasAhead ? 0 : count;
  }
  return wasAhead ? count - 1 : count;
}
