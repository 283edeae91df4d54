/** A socket that takes packets from other hosts, or at least could. */
export interface Listener {
  readonly protocol: "tcp" | "udp";
  readonly port: number;
  readonly isLoopbackOnly: boolean;
  /** `both`: an IPv6 socket that takes IPv4 too. */
  readonly family: 4 | 6 | "both";
}

/** Lines of `ss -Hlntu`, or of /proc/net/tcp, tcp6, udp and udp6, with or without these names ahead. */
export function readListeners(lines: readonly string[]): readonly Listener[] {
  return lines.map((line) => ofSs(line) ?? ofProc(line)).filter((listener) => listener !== undefined);
}

function ofSs(line: string): Listener | undefined {
  const found = /^(tcp|udp)\s+(?:LISTEN|UNCONN)\s+\d+\s+\d+\s+(\S+):(\d+)\s/.exec(line);
  if (found === null) {
    return undefined;
  }
  const [, protocol, local = "", port] = found;
  const address = local.replace(/%[^\]]*/, "").replaceAll(/[[\]]/g, "");
  return {
    protocol: protocol === "udp" ? "udp" : "tcp",
    port: Number(port),
    isLoopbackOnly: /^(?:127\.|::1$|::ffff:127\.)/.test(address),
    family: address === "*" ? "both" : address.includes(":") ? 6 : 4,
  };
}

const tcpListen = "0A";

/** The kernel prints addresses as 32-bit numbers in its own byte order. */
function ofProc(line: string): Listener | undefined {
  const found =
    /^\s*(?:(?:tcp|udp)6?\s+)?\d+: ([0-9A-F]{8}|[0-9A-F]{32}):([0-9A-F]{4}) [0-9A-F]+:0000 (0A|07) /.exec(
      line,
    );
  if (found === null) {
    return undefined;
  }
  const [, address = "", port = "0", state] = found;
  const isLoopbackOnly =
    /^[0-9A-F]{6}7F$/.test(address) ||
    address === "00000000000000000000000001000000" ||
    /^0{16}FFFF0000[0-9A-F]{6}7F$/.test(address);
  return {
    protocol: state === tcpListen ? "tcp" : "udp",
    port: Number.parseInt(port, 16),
    isLoopbackOnly,
    family: address.length === 8 ? 4 : /^0{32}$/.test(address) ? "both" : 6,
  };
}
