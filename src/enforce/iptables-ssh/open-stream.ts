import { connect as connectSocket } from "node:net";
import type { Duplex } from "node:stream";
import { AppError, messageOf } from "../../domain/errors.ts";
import type { Connection, OpenStream } from "./log-in.ts";
import { placeOfHop } from "./place.ts";

/** A TCP connection from here. @throws {AppError} SSH_UNREACHABLE, FIREWALL_TIMEOUT */
export const openSocket: OpenStream = (hop, { timeoutMs }, signal) => {
  const { host, port } = hop.login;
  return new Promise((resolve, reject) => {
    // Nagle's algorithm against delayed acknowledgements costs 40 ms at each step.
    const socket = connectSocket({ host, port, noDelay: true, timeout: timeoutMs, signal });
    const fail = (code: AppError["code"], why: string, cause?: Error): void => {
      reject(new AppError(code, `${placeOfHop(hop)}: ${why}`, { retryable: true, cause }));
    };
    socket.once("connect", () => {
      socket.setTimeout(0);
      resolve(socket);
    });
    socket.once("timeout", () => {
      socket.destroy();
      fail("FIREWALL_TIMEOUT", `no TCP connection within ${timeoutMs} ms`);
    });
    socket.on("error", (error) => {
      fail("SSH_UNREACHABLE", socketFault(error), error);
    });
  });
};

/** A TCP connection from the host at the other end of `jump`. @throws {AppError} SSH_UNREACHABLE, FIREWALL_TIMEOUT */
export function openThrough(jump: Connection): OpenStream {
  return (hop, { timeoutMs }, signal) => {
    const { host, port } = hop.login;
    return new Promise<Duplex>((resolve, reject) => {
      const settle = (act: () => void): void => {
        clearTimeout(timer);
        jump.client.off("close", onClose);
        signal.removeEventListener("abort", onClose);
        act();
      };
      const fail = (code: AppError["code"], why: string, cause?: Error): void => {
        settle(() => {
          reject(new AppError(code, `${placeOfHop(hop)}: ${why}`, { retryable: true, cause }));
        });
      };
      const onClose = (): void => {
        fail("SSH_UNREACHABLE", "the connection to the jump host was lost");
      };
      const timer = setTimeout(() => {
        fail("FIREWALL_TIMEOUT", `the jump host made no TCP connection within ${timeoutMs} ms`);
      }, timeoutMs);
      jump.client.once("close", onClose);
      signal.addEventListener("abort", onClose, { once: true });
      try {
        jump.client.forwardOut("127.0.0.1", 0, host, port, (error, stream) => {
          if (error === undefined) {
            settle(() => {
              resolve(stream);
            });
          } else {
            fail("SSH_UNREACHABLE", forwardFault(error), error);
          }
        });
      } catch (error) {
        fail("SSH_UNREACHABLE", `the jump host can't be asked: ${messageOf(error)}`);
      }
    });
  };
}

/** Codes of RFC 4254, section 5.1. */
function forwardFault(error: Error): string {
  const reason = "reason" in error ? error.reason : undefined;
  if (reason === 1) {
    return "the jump host does not forward connections; its sshd_config needs AllowTcpForwarding yes and a PermitOpen that allows this host";
  }
  return `the jump host can't connect to it: ${error.message.replace("(SSH) Channel open failure: ", "")}`;
}

/** An attempt at several addresses fails without a message of its own. */
function socketFault(error: Error): string {
  if (error instanceof AggregateError) {
    return error.errors.map(messageOf).join(", ");
  }
  return messageOf(error);
}
